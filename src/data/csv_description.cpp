#include "core/names.h"
#include "data/csv_columns.h"
#include "data/csv_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace digitrec {
namespace {

/// "the first", "the last" or "column 3"
std::string place_of(const CsvColumns& columns, int64_t column) {
  if (column == 0) return "the first";
  return column + 1 == columns.count() ? "the last" : fmt::format("number {}", column + 1);
}

}  // namespace

std::string describe_columns(const CsvColumns& columns) {
  std::vector<std::string> parts;
  if (!columns.has_header) parts.emplace_back(columns.first_row.empty() ? "no header" : "the header is a row");
  if (columns.separator == ';') parts.emplace_back("semicolons");
  if (columns.separator == '\t') parts.emplace_back("tabs");
  if (columns.separator == '|') parts.emplace_back("vertical bars");
  if (columns.separator == ' ') parts.emplace_back("blanks");
  if (columns.label >= 0) {
    const std::string& name = columns.names[static_cast<size_t>(columns.label)];
    if (columns.is_label_guessed) {
      const std::string place = place_of(columns, columns.label);
      parts.push_back(place.starts_with("number") ? "label: column " + place : "label: " + place + " column");
    } else if (columns.label > 0 || name != "label") {
      parts.push_back(fmt::format("label: column {}, {}", shown(name), place_of(columns, columns.label)));
    }
  }
  if (columns.id >= 0)
    parts.push_back(fmt::format("ids: column {}", shown(columns.names[static_cast<size_t>(columns.id)])));
  if (!columns.order.empty()) parts.emplace_back("pixels sorted by the numbers in their names");
  std::vector<std::string> out;
  for (const int64_t column : columns.left_out) {
    const std::string& name = columns.names[static_cast<size_t>(column)];
    out.push_back(name.empty() ? "a column without a name" : shown(name));
  }
  constexpr size_t kNamed = 3;
  const size_t count = out.size();
  out.resize(std::min(kNamed, count));
  if (count > 0) parts.push_back("left out: " + join_first(std::move(out), count));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

}  // namespace digitrec
