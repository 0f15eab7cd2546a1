#include "data/csv.h"

#include "data/byte_stream.h"
#include "data/column_names.h"
#include "data/comment_header.h"
#include "data/csv_columns.h"
#include "data/csv_lines.h"
#include "data/csv_text.h"
#include "data/csv_unnamed.h"
#include "data/label_column.h"
#include "data/label_rows.h"
#include "data/numbered_name.h"
#include "data/packed_pixels.h"
#include "data/pixels.h"
#include "data/plain_csv.h"
#include "digitrec/core/error.h"

#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

namespace digitrec {
namespace {

/// The columns, and the first line of an image, which had to be read with them; null where there is none.
struct Head {
  CsvColumns columns;
  char* first_row = nullptr;
  int64_t line = 1;  ///< the number of the table's first line
};

/// Whether a row has, by R's write.table, its name in quotes before the fields that the header names.
bool has_row_name(std::string_view row, const CsvColumns& columns) {
  if (!trimmed(row).starts_with('"')) return false;
  int64_t count = 0;
  std::string_view last;
  for (Fields fields(row, columns.separator); !fields.at_end(); ++count) last = fields.next();
  return count == columns.count() + 1 && !last.empty();
}

/// What to do where no column is the label: one that is no pixel either may be it.
std::string hint_for_label(const CsvColumns& columns) {
  std::vector<std::string> names;
  for (const int64_t column : columns.left_out) {
    const std::string& name = columns.names[static_cast<size_t>(column)];
    if (!name.empty()) names.push_back(name);
  }
  if (names.empty()) return "";
  const bool are_alike = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return take_numbers(name).pattern == take_numbers(names.front()).pattern;
  });
  if (names.size() > 1 && are_alike) {
    return fmt::format("if {} to {} are it, one-hot, write it as one column, their argmax", shown(names.front()),
                       shown(names.back()));
  }
  return fmt::format("if it is '{}', rename that to label", shown(names.front()));
}

/// Throws Error where no column is the label.
void require_label(const CsvLines& lines, const Head& head) {
  const CsvColumns& columns = head.columns;
  if (columns.label >= 0) return;
  const std::string where = fmt::format("{}:{}: ", lines.name(), head.line);
  if (!columns.has_header) {
    throw Error(where + fmt::format("{} numbers and no header: images without labels; expected one number more, the "
                                    "label, before them",
                                    columns.count()));
  }
  throw Error(
      where + "no column is named label; expected a header like label,pixel0,pixel1,... (is this the test file?)",
      hint_for_label(columns));
}

/// Throws Error for a label and the pixels that are not 0: "5 153:128 154:253", or with a bar, "5 | 153:128".
void refuse_sparse(const CsvLines& lines, std::string_view text) {
  const size_t blank = text.find(' ');
  const size_t colon = text.find(':');
  if (blank == std::string_view::npos || colon == std::string_view::npos || text.find(',') != std::string_view::npos)
    return;
  const size_t before = text.find_last_of(" |", colon);
  double label = 0;
  int64_t index = 0;
  if (before == std::string_view::npos || !parse_real(text.substr(0, blank), label) ||
      !parse_whole(text.substr(before + 1, colon - before - 1), index))
    return;
  if (text.find('|') != std::string_view::npos) {
    lines.fail(
        "a file in Vowpal Wabbit's format (label | index:value ...); expected comma-separated values with a header",
        "write all pixels of each image as CSV");
  }
  lines.fail("a file in libsvm's format (label index:value ...); expected comma-separated values with a header",
             "read it with sklearn.datasets.load_svmlight_file and write it as CSV");
}

/// Throws Error for arrays as NumPy prints them, over several lines or without their middle.
void refuse_printed_arrays(const FailHeader& fail, std::string_view row, char separator) {
  for (Fields fields(row, separator); !fields.at_end();) {
    const std::string_view field = fields.next();
    const std::string_view text = field.substr(std::min(field.find_first_not_of("\"' "), field.size()));
    if (!text.starts_with('[')) continue;
    fail(fmt::format("a column of arrays as NumPy prints them ({}); expected all pixels of an image in one line",
                     shown(text)),
         "write x.flatten().tolist() in place of x");
  }
}

/// Throws Error for other kinds of tables, by their first line.
void require_csv(const CsvLines& lines, std::string_view line) {
  const std::string_view text = trimmed(line);
  const auto begins = [&](const char* upper, const char* lower) {
    return text.starts_with(upper) || text.starts_with(lower);
  };
  if (begins("@RELATION", "@relation")) {
    lines.fail("an ARFF file, as Weka's and OpenML's are; expected comma-separated values with a header",
               "write it as CSV: pandas.DataFrame(scipy.io.arff.loadarff(FILE)[0]).to_csv(OUT, index=False)");
  }
  refuse_sparse(lines, text);
}

/// A table with all pixels of an image in one field has fewer than this beside it.
constexpr int64_t kFewFields = 8;

Head parse_head(CsvLines& lines, const std::string& id_name) {
  char* line = lines.first();
  if (line == nullptr) {
    throw Error(fmt::format("{}: the file is empty; expected a header like label,pixel0,pixel1,...", lines.name()));
  }
  require_csv(lines, line);
  const auto comment = find_comment_header(lines, line);
  const int64_t number = comment ? comment->number : lines.number();
  const FailHeader fail = [&](const std::string& message, const std::string& hint) {
    throw Error(fmt::format("{}:{}: {}", lines.name(), number, message), hint);
  };
  const std::string header = comment ? comment->text : line;
  const char separator = find_separator(comment ? line : header);
  int64_t packed = -1;
  std::string unpacked;
  if (std::count(header.begin(), header.end(), separator) < kFewFields) {
    while (!comment && (line = lines.next()) != nullptr && is_blank(line)) {
    }
    if (line != nullptr) unpacked = unpacked_header(header, line, separator, packed);
    if (line != nullptr && packed < 0) refuse_printed_arrays(fail, line, separator);
  }
  CsvColumns columns = find_csv_columns(packed < 0 ? header : unpacked, fail, id_name);
  columns.header = comment ? comment->line : header;
  columns.packed = packed;
  while (line != nullptr && (is_blank(line) || columns.is_header(line))) line = lines.next();
  if (columns.has_header && line != nullptr && has_row_name(line, columns)) add_row_names(columns);
  return {std::move(columns), line, number};
}

constexpr const char* kRounded = "fractions of pixels rounded";

/// The pixels of the rows read so far: bytes, and from the first fraction on reals, since then they may all lie between
/// 0 and 1.
class PixelRows {
 public:
  void add(int64_t whole) {
    if (is_real_) {
      reals_.push_back(static_cast<float>(whole));
    } else {
      bytes_.push_back(static_cast<uint8_t>(whole));
    }
  }
  void add_fraction(double value) {
    if (!is_real_) {
      reals_.assign(bytes_.begin(), bytes_.end());
      bytes_ = {};
      is_real_ = true;
    }
    reals_.push_back(static_cast<float>(value));
  }

  std::vector<uint8_t> take(const std::string& name, std::string& reading) {
    if (!is_real_) return std::move(bytes_);
    const std::string_view raw(reinterpret_cast<const char*>(reals_.data()), reals_.size() * sizeof(float));
    std::vector<uint8_t> pixels = pixels_of(raw, NumberType::f32, name, reading);
    if (reading.empty()) reading = kRounded;
    return pixels;
  }

 private:
  std::vector<uint8_t> bytes_;
  std::vector<float> reals_;
  bool is_real_ = false;
};

/// What the rows of a file are read into.
struct Rows {
  PixelRows pixels;
  LabelRows labels;
  std::vector<std::string> ids;
  int64_t count = 0;
};

[[noreturn]] void fail_columns(const CsvLines& lines, int64_t fields, int64_t expected) {
  lines.fail(fmt::format("{} fields; expected {} as in the header (is the file cut off?)", fields, expected));
}

/// Reads a pixel's field, also with quotes around it, and as a real.
void add_pixel(const CsvLines& lines, const std::string& column, std::string_view field, PixelRows& pixels) {
  constexpr int64_t kMax = 255;
  const std::string_view text = unquoted(field);
  int64_t value = 0;
  if (parse_whole(text, value)) {
    if (value < 0 || value > kMax) fail_field(lines, lines.number(), column, field, kMax);
    return pixels.add(value);
  }
  double real = 0;
  if (!parse_real(text, real) || !(real >= 0 && real <= kMax)) fail_field(lines, lines.number(), column, field, kMax);
  pixels.add_fraction(real);
}

/// `wants_labels`: else their field may hold anything.
void parse_row(const CsvLines& lines, std::string_view line, const CsvColumns& columns, bool wants_labels, Rows& rows) {
  const int64_t count = columns.count();
  Fields fields(line, columns.separator);
  for (int64_t column = 0; column < count; ++column) {
    if (fields.at_end()) fail_columns(lines, column, count);
    const std::string& name = columns.names[static_cast<size_t>(column)];
    int64_t value = 0;
    const bool is_pixel = column != columns.label && column != columns.id && !columns.is_left_out(column);
    if (is_pixel && fields.take_number(255, value)) {
      rows.pixels.add(value);
      continue;
    }
    const std::string_view field = fields.next();
    if (is_pixel) {
      add_pixel(lines, name, field, rows.pixels);
    } else if (column == columns.label && wants_labels) {
      rows.labels.add(lines, name, field);
    } else if (column == columns.id) {
      rows.ids.push_back(unescaped(field));
    }
  }
  if (!fields.at_end()) {
    // A comma too many at the end of every row is some programs' habit.
    int64_t found = count;
    bool is_empty = true;
    for (; !fields.at_end(); ++found) is_empty = fields.next().empty() && is_empty;
    if (found > count + 1 || !is_empty) fail_columns(lines, found, count);
  }
  ++rows.count;
}

/// `pixels`: uint8 [N, S * S], as the columns stand.
at::Tensor in_pixel_order(const at::Tensor& pixels, const CsvColumns& columns) {
  return columns.order.empty() ? pixels : pixels.index_select(1, at::tensor(columns.order, at::kLong));
}

/// Images of zeros and ones, which would be next to black; those of 0 to 2 would be too, and have no such meaning.
void widen_binary(Dataset& dataset) {
  constexpr int64_t kLook = 100;
  const auto max_of = [](const at::Tensor& images) { return images.max().item<int64_t>(); };
  if (max_of(dataset.images.slice(0, 0, kLook)) > 2) return;
  const int64_t most = max_of(dataset.images);
  if (most == 2)
    throw Error(fmt::format("{}: pixels from 0 to 2, nearly black; expected 0 to 255, or 0 to 1", dataset.source));
  if (most != 1) return;
  dataset.images = dataset.images.mul(255);
  add_reading(dataset, "pixels 0 and 1");
}

/// Whether the values of a column name the rows: each another one, and not what pandas counts.
bool name_rows(const std::vector<std::string>& values, const std::string& column) {
  const std::set<std::string> distinct(values.begin(), values.end());
  if (distinct.size() < values.size() || distinct.contains("")) return false;
  if (!is_index_name(column)) return true;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != std::to_string(i)) return true;
  }
  return false;
}

/// Leaves out the column that was supposed to be the ids where its values are none.
Dataset read_rows(CsvLines& lines, Head& head, Labels labels, int64_t max_rows) {
  CsvColumns& columns = head.columns;
  Rows rows;
  std::string buffer;
  const auto parse = [&](const char* line) {
    if (!is_blank(line) && !columns.is_header(line))
      parse_row(lines, columns.row_of(line, buffer), columns, labels != Labels::ignored, rows);
  };
  if (head.first_row != nullptr) parse(head.first_row);
  while (max_rows <= 0 || rows.count < max_rows) {
    const char* line = lines.next();
    if (line == nullptr) break;
    parse(line);
  }
  if (rows.count == 0) throw Error(fmt::format("{}: only a header; expected one row per image below it", lines.name()));
  if (columns.is_id_supposed && !name_rows(rows.ids, columns.names[static_cast<size_t>(columns.id)])) {
    leave_out_id(columns);
    rows.ids.clear();
  }
  std::string reading;
  std::vector<uint8_t> pixels = rows.pixels.take(lines.name(), reading);
  if (reading == kRounded && columns.image_size < kMinUnnamedSize) {
    throw Error(
        fmt::format("{}: {} columns of fractions, few for the pixels of an image; expected whole numbers 0 to 255",
                    lines.name(), columns.image_size * columns.image_size),
        "measurements are no pixels");
  }
  Classes classes;
  const std::string withheld = rows.labels.withheld();
  if (!withheld.empty() && labels == Labels::required) {
    throw Error(fmt::format("{}: column {}: no labels, each is {}, withheld as in a test set; expected labels",
                            lines.name(), shown(columns.names[static_cast<size_t>(columns.label)]), withheld));
  }
  Dataset dataset = make_dataset(std::move(pixels), rows.labels.take(lines, classes), columns.image_size, lines.name());
  dataset.images = in_pixel_order(dataset.images.flatten(1), columns).view_as(dataset.images);
  dataset.classes = std::move(classes);
  if (labels != Labels::required) dataset.ids = std::move(rows.ids);
  if (!dataset.ids.empty()) {
    const std::string& name = columns.names[static_cast<size_t>(columns.id)];
    dataset.id_name = is_row_name(name) || !is_index_name(name) ? name : "id";
  }
  for (const std::string& part : {describe_columns(columns), reading}) {
    if (!part.empty()) add_reading(dataset, part);
  }
  if (!withheld.empty()) add_reading(dataset, "labels withheld");
  if (lines.is_utf16()) add_reading(dataset, "UTF-16");
  return dataset;
}

/// The fast reader's; it reads every label and every row, between commas.
std::optional<Dataset> read_plain(const std::filesystem::path& path, const CsvColumns& columns) {
  const auto plain = read_plain_rows(path, columns.count(), columns.label, kMaxClasses - 1, columns.has_header);
  if (!plain) return std::nullopt;
  const at::Tensor pixels = in_pixel_order(plain->pixels, columns);
  Dataset dataset{pixels.view({-1, columns.image_size, columns.image_size}), plain->labels, path.string()};
  dataset.reading = describe_columns(columns);
  return dataset;
}

}  // namespace

Dataset read_csv(const std::filesystem::path& path, Labels labels, int64_t max_rows, const std::string& id_name) {
  CsvLines lines(path);
  Head head = parse_head(lines, id_name);
  find_unnamed_label(path, head.columns);
  if (labels != Labels::required) suppose_id(head.columns);
  if (labels == Labels::required) require_label(lines, head);
  const bool skips_labels = labels == Labels::ignored && head.columns.label >= 0;
  std::optional<Dataset> dataset;
  if (max_rows <= 0 && !skips_labels && head.line == 1 && head.columns.are_plain())
    dataset = read_plain(path, head.columns);
  if (!dataset) dataset = read_rows(lines, head, labels, max_rows);
  widen_binary(*dataset);
  return *dataset;
}

}  // namespace digitrec
