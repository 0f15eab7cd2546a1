#include "data/csv.h"
#include "data/csv_lines.h"
#include "data/csv_text.h"
#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

namespace digitrec {

IdLabelTable read_id_labels(const std::filesystem::path& path, bool is_exact) {
  CsvLines lines(path, is_exact ? CsvLines::Mending::none : CsvLines::Mending::usual);
  const char* header = lines.next();
  IdLabelTable table;
  const auto split = [&](std::string_view line) {
    const char separator = find_separator(line);
    std::vector<std::string> values;
    for (Fields fields(line, separator); !fields.at_end();) values.push_back(unescaped(fields.next()));
    if (values.size() != 2)
      lines.fail(fmt::format("{} fields; expected 2 as in the header (is the file cut off?)", values.size()));
    return values;
  };
  if (header == nullptr) throw Error(fmt::format("{}: the file is empty; expected ImageId,Label", lines.name()));
  int64_t count = 0;
  for (Fields fields(header, find_separator(header)); !fields.at_end(); fields.next()) ++count;
  if (count != 2) {
    lines.fail(fmt::format("{} fields in the header; expected 2, an id and a label, as in ImageId,Label", count),
               count > 64 ? "these are images; digitrec predict makes a submission of them" : "");
  }
  table.header = header;
  table.is_utf16 = lines.is_utf16();
  const std::vector<std::string> names = split(header);
  table.id_name = names[0];
  table.label_name = names[1];
  while (const char* line = lines.next()) {
    if (is_exact ? trimmed(line).empty() : is_blank(line)) continue;
    std::vector<std::string> values = split(line);
    table.rows.push_back({lines.number(), std::move(values[0]), std::move(values[1])});
  }
  return table;
}

int64_t whole_label(const IdLabelTable& table, const IdLabelRow& row, const std::filesystem::path& path) {
  int64_t value = 0;
  if (parse_whole(row.label, value) && value >= 0 && value < kMaxClasses) return value;
  throw Error(fmt::format("{}:{}: column {}: '{}' is not a whole number 0 to {}", path.string(), row.line,
                          shown(table.label_name), shown(row.label), kMaxClasses - 1));
}

std::vector<int64_t> read_ordered_labels(const std::filesystem::path& path) {
  const IdLabelTable table = read_id_labels(path);
  std::vector<int64_t> labels;
  for (const IdLabelRow& row : table.rows) {
    const auto expected = static_cast<int64_t>(labels.size()) + 1;
    if (row.id != std::to_string(expected)) {
      throw Error(fmt::format("{}:{}: {} is {}; expected {} (ids run 1, 2, 3, ...)", path.string(), row.line,
                              shown(table.id_name), shown(row.id), expected));
    }
    labels.push_back(whole_label(table, row, path));
  }
  return labels;
}

}  // namespace digitrec
