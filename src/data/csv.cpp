#include "data/csv.h"

#include "core/number.h"
#include "data/byte_stream.h"
#include "data/csv_columns.h"
#include "data/csv_text.h"
#include "data/plain_csv.h"
#include "digitrec/core/error.h"

#include <ATen/ops/tensor.h>

#include <csv.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>
#include <utility>

namespace digitrec {
namespace {

/// The source of LineReader's blocks. It unpacks gzip, and refuses a file that is not text: a NUL byte would look like
/// the end of a line.
class TextSource final : public io::ByteSourceBase {
 public:
  explicit TextSource(const std::filesystem::path& path) : stream_(path) {}

  int read(char* buffer, int size) override {
    size_t count = stream_.read(buffer, static_cast<size_t>(size));
    if (std::memchr(buffer, '\0', count) != nullptr) {
      throw Error(
          fmt::format("{}: not a text file; expected comma-separated values with a header", stream_.path().string()));
    }
    if (count > 0) last_ = buffer[count - 1];
    // The last line gets its line break if it has none: the LineReader of 2016, which distributions ship, looks for one
    // a byte past the end, where an earlier block may have left one.
    if (count < static_cast<size_t>(size) && last_ != '\n') buffer[count++] = last_ = '\n';
    return static_cast<int>(count);
  }

 private:
  ByteStream stream_;
  char last_ = '\n';
};

constexpr std::string_view kLineTooLong = "the line is longer than a label and 256 x 256 pixels can be";

/// fast-cpp-csv-parser's line reader with a line number and errors in our words.
class Lines {
 public:
  explicit Lines(const std::filesystem::path& path)
      : name_(path.string()), reader_(name_, std::make_unique<TextSource>(path)) {}

  /// The next line without its line break, or nullptr at the end.
  char* next() {
    ++number_;
    try {
      return reader_.next_line();
    } catch (const io::error::line_length_limit_exceeded&) {
      fail(kLineTooLong);
    }
  }

  [[noreturn]] void fail(std::string_view message, std::string hint = "") const {
    throw Error(fmt::format("{}:{}: {}", name_, number_, message), std::move(hint));
  }

  int64_t number() const { return number_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  io::LineReader reader_;
  int64_t number_ = 0;
};

bool is_blank(const char* line) { return trimmed(line).empty(); }

/// The columns, and the first line where it is no header but an image's row.
struct Head {
  CsvColumns columns;
  char* first_row = nullptr;

  bool has_header() const { return first_row == nullptr; }
};

Head parse_head(Lines& lines, Labels labels) {
  char* line = lines.next();
  if (line == nullptr || is_blank(line)) {
    throw Error(fmt::format("{}: the file is empty; expected a header like label,pixel0,pixel1,...", lines.name()));
  }
  const std::string_view text(line);
  constexpr int64_t kMaxColumns = kMaxImageSize * kMaxImageSize + 1;
  if (1 + std::count(text.begin(), text.end(), ',') > kMaxColumns) lines.fail(kLineTooLong);
  const FailHeader fail = [&](const std::string& message, const std::string& hint) { lines.fail(message, hint); };
  CsvColumns columns = name_csv_columns(text, fail);
  const bool numeric = std::all_of(columns.names.begin(), columns.names.end(), [](const std::string& name) {
    return !name.empty() && name.find_first_not_of("0123456789.-") == std::string::npos;
  });
  if (numeric) {
    const auto unnamed = columns_without_header(columns.count());
    if (!unnamed) lines.fail("the first line holds numbers; expected a header like label,pixel0,pixel1,...");
    if (labels == Labels::required && unnamed->label < 0) {
      lines.fail(fmt::format(
          "{} numbers and no header: images without labels; expected one number more, the label, before them",
          columns.count()));
    }
    return {*unnamed, line};
  }
  if (labels == Labels::required && columns.label < 0) {
    lines.fail("no column is named label; expected a header like label,pixel0,pixel1,... (is this the test file?)");
  }
  place_csv_pixels(columns, fail);
  return {std::move(columns)};
}

/// Throws Error, which says why a field is not a whole number in 0..`limit`.
[[noreturn]] void fail_field(const Lines& lines, std::string_view column, std::string_view field, int64_t limit) {
  const std::string_view value = unquoted(trimmed(field));
  const std::string where = fmt::format("column {}: ", column);
  if (value.empty()) lines.fail(where + fmt::format("the field is empty; expected a whole number 0 to {}", limit));
  double number = 0;
  const auto [end, error] = from_text(value.data(), value.data() + value.size(), number);
  const bool is_number = error == std::errc{} && end == value.data() + value.size();
  lines.fail(where + fmt::format("{} is {}; expected a whole number 0 to {}",
                                 is_number ? shown(value) : fmt::format("'{}'", shown(value)),
                                 !is_number                            ? "not a number"
                                 : number < 0                          ? "below 0"
                                 : number > static_cast<double>(limit) ? fmt::format("above {}", limit)
                                                                       : "not a whole number",
                                 limit));
}

/// A whole number, also as a real: 5.0.
bool parse_whole(std::string_view text, int64_t& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && stop == end) return true;
  constexpr double kExact = 9007199254740992;  // 2^53: up to here reals hold every whole number
  double real = 0;
  const auto [real_stop, real_error] = from_text(text.data(), end, real);
  if (real_error != std::errc{} || real_stop != end || real != std::floor(real) || std::abs(real) > kExact)
    return false;
  value = static_cast<int64_t>(real);
  return true;
}

/// Reads the number at `cursor`, which must end at a comma or the end of the line, and moves past it. The fast path
/// takes plain digits; the slow one also blanks and quotes around them, and whole numbers written as reals.
int64_t parse_field(const Lines& lines, const std::string& column, char*& cursor, int64_t limit) {
  const char* begin = cursor;
  int64_t value = 0;
  const char* digit = begin;
  while (*digit >= '0' && *digit <= '9' && value <= limit) value = value * 10 + (*digit++ - '0');
  if (digit != begin && value <= limit && (*digit == ',' || *digit == '\0')) {
    cursor += digit - begin;
    return value;
  }
  const std::string_view field(begin, std::strcspn(begin, ","));
  if (!parse_whole(unquoted(trimmed(field)), value) || value < 0 || value > limit) {
    fail_field(lines, column, field, limit);
  }
  cursor += field.size();
  return value;
}

[[noreturn]] void fail_columns(const Lines& lines, int64_t found, int64_t expected) {
  lines.fail(fmt::format("{} fields; expected {} as in the header (is the file cut off?)", found, expected));
}

/// `labels` is null when the caller does not want them; then the field may hold anything.
void parse_row(const Lines& lines, char* line, const CsvColumns& header, std::vector<uint8_t>& pixels,
               std::vector<int64_t>* labels) {
  char* cursor = line;
  const int64_t columns = header.count();
  for (int64_t column = 0; column < columns; ++column) {
    const std::string& name = header.names[static_cast<size_t>(column)];
    if (column != header.label) {
      pixels.push_back(static_cast<uint8_t>(parse_field(lines, name, cursor, 255)));
    } else if (labels != nullptr) {
      labels->push_back(parse_field(lines, name, cursor, kMaxClasses - 1));
    } else {
      cursor += std::strcspn(cursor, ",");
    }
    const bool last = column + 1 == columns;
    if (last != (*cursor == '\0')) {
      const auto rest = std::string_view(cursor);
      fail_columns(lines, column + 1 + std::count(rest.begin(), rest.end(), ','), columns);
    }
    if (!last) ++cursor;
  }
}

/// `pixels`: uint8 [N, S * S], as the columns stand.
at::Tensor in_pixel_order(const at::Tensor& pixels, const CsvColumns& columns) {
  return columns.order.empty() ? pixels : pixels.index_select(1, at::tensor(columns.order, at::kLong));
}

/// Where the label of a file without a header stands, by its first rows: before the pixels, or behind them where only
/// the last column differs from row to row. Throws Error where the first numbers the rows.
void find_unnamed_label(const std::filesystem::path& path, Head& head) {
  constexpr size_t kRows = 2000;
  constexpr size_t kManyRows = 20;
  CsvColumns& columns = head.columns;
  if (head.has_header() || columns.label < 0 || !std::filesystem::is_regular_file(path)) return;
  Lines lines(path);
  std::set<std::string> first;
  std::set<std::string> last;
  size_t rows = 0;
  while (const char* line = rows < kRows ? lines.next() : nullptr) {
    const std::string_view text = trimmed(line);
    if (text.empty()) continue;
    first.emplace(text.substr(0, text.find(',')));
    last.emplace(text.substr(text.rfind(',') + 1));
    ++rows;
  }
  if (rows >= kManyRows && first.size() == rows) {
    throw Error(fmt::format("{}: no header, and the first column holds another number in each row: an id? expected a "
                            "label before the pixels",
                            path.string()),
                "remove the column, or name it in a header");
  }
  if (first.size() > 1 || last.size() == 1) return;
  std::rotate(columns.names.begin(), columns.names.begin() + 1, columns.names.end());
  columns.label = columns.count() - 1;
}

Dataset read_rows(Lines& lines, const Head& head, Labels labels, int64_t max_rows) {
  const CsvColumns& columns = head.columns;
  std::vector<uint8_t> pixels;
  std::vector<int64_t> classes;
  int64_t rows = 0;
  const auto parse = [&](char* line) {
    if (is_blank(line)) return;
    parse_row(lines, line, columns, pixels, labels == Labels::ignored ? nullptr : &classes);
    ++rows;
  };
  if (head.first_row != nullptr) parse(head.first_row);
  while (max_rows <= 0 || rows < max_rows) {
    char* line = lines.next();
    if (line == nullptr) break;
    parse(line);
  }
  if (rows == 0) throw Error(fmt::format("{}: only a header; expected one row per image below it", lines.name()));
  Dataset dataset = make_dataset(std::move(pixels), std::move(classes), columns.image_size, lines.name());
  dataset.images = in_pixel_order(dataset.images.flatten(1), columns).view_as(dataset.images);
  return dataset;
}

}  // namespace

Dataset read_csv(const std::filesystem::path& path, Labels labels, int64_t max_rows) {
  Lines lines(path);
  Head head = parse_head(lines, labels);
  find_unnamed_label(path, head);
  const CsvColumns& columns = head.columns;
  // The fast reader reads every label and every row; the one below can ignore labels and stop early.
  const bool skips_labels = labels == Labels::ignored && columns.label >= 0;
  if (max_rows <= 0 && !skips_labels) {
    if (const auto plain = read_plain_rows(path, columns.count(), columns.label, kMaxClasses - 1, head.has_header())) {
      const at::Tensor pixels = in_pixel_order(plain->pixels, columns);
      return {pixels.view({-1, columns.image_size, columns.image_size}), plain->labels, path.string()};
    }
  }
  return read_rows(lines, head, labels, max_rows);
}

std::vector<int64_t> read_id_label_csv(const std::filesystem::path& path) {
  Lines lines(path);
  const char* header = lines.next();
  if (header == nullptr || std::string_view(header) != "ImageId,Label") {
    throw Error(fmt::format("{}:1: the header is '{}'; expected ImageId,Label", lines.name(),
                            header == nullptr ? "" : shown(header)));
  }
  std::vector<int64_t> labels;
  while (char* line = lines.next()) {
    if (is_blank(line)) continue;
    const auto fields = 1 + std::count(line, line + std::strlen(line), ',');
    if (fields != 2) fail_columns(lines, fields, 2);
    char* cursor = line;
    const auto expected = static_cast<int64_t>(labels.size()) + 1;
    const int64_t id = parse_field(lines, "ImageId", cursor, std::int64_t{1} << 40);
    if (id != expected) lines.fail(fmt::format("ImageId is {}; expected {} (ids run 1, 2, 3, ...)", id, expected));
    ++cursor;
    labels.push_back(parse_field(lines, "Label", cursor, kMaxClasses - 1));
  }
  return labels;
}

}  // namespace digitrec
