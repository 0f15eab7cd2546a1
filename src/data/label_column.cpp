#include "data/label_column.h"

#include "data/byte_stream.h"
#include "data/column_names.h"
#include "data/csv_lines.h"
#include "data/csv_text.h"
#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace digitrec {
namespace {

/// Most data have fewer classes, and number them below this.
constexpr int64_t kFewLabels = 100;

/// What the rows read so far hold in one column.
class ColumnValues {
 public:
  void add(std::string_view field) {
    ++rows_;
    if (const auto found = counts_.find(unquoted(field)); found != counts_.end()) {
      ++found->second;
    } else if (counts_.size() < kMaxDistinct) {
      counts_.emplace(unquoted(field), 1);
    }
  }

  /// More values than classes may be are not told apart.
  static constexpr size_t kMaxDistinct = static_cast<size_t>(kMaxClasses) + 1;

  size_t rows() const { return rows_; }
  size_t distinct() const { return counts_.size(); }
  bool is_constant() const { return counts_.size() == 1; }
  double share_of_most_frequent() const { return static_cast<double>(mode()->second) / static_cast<double>(rows_); }

  bool are_numbers() const {
    return all([](std::string_view text) {
      double value = 0;
      return parse_real(text, value);
    });
  }
  /// A pixel is a number of 0 to 255.
  bool can_be_pixel() const {
    return all([](std::string_view text) {
      double value = 0;
      return parse_real(text, value) && value >= 0 && value <= 255;
    });
  }
  /// A label is a whole number, or a name.
  bool can_be_label() const {
    return distinct() <= static_cast<size_t>(kMaxClasses) && all([](std::string_view text) {
             double real = 0;
             int64_t value = 0;
             return !parse_real(text, real) || (parse_whole(text, value) && value >= 0 && value < kMaxClasses);
           });
  }
  /// Few values, each often. A pixel of a photo has many.
  bool has_few_values() const { return distinct() <= std::min(static_cast<size_t>(kFewLabels), rows_ / 2); }
  /// Neither one value alone nor mostly one, as a pixel of a drawing's border has.
  bool looks_like_label() const {
    return can_be_label() && !is_constant() && has_few_values() && share_of_most_frequent() < 0.5;
  }
  /// The same black or white in all rows, as an image's corner has.
  bool is_background() const { return is_constant() && share_of_background() == 1; }
  /// How many of the rows hold the most frequent value if that is black or white; else 0.
  double share_of_background() const {
    double value = -1;
    return parse_real(mode()->first, value) && (value == 0 || value == 255) ? share_of_most_frequent() : 0;
  }
  double largest() const {
    double most = 0;
    for (const auto& [text, count] : counts_) {
      double value = 0;
      if (parse_real(text, value)) most = std::max(most, value);
    }
    return most;
  }

 private:
  std::map<std::string, size_t, std::less<>>::const_iterator mode() const {
    return std::max_element(counts_.begin(), counts_.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
  }
  template <class Is>
  bool all(Is is) const {
    return std::all_of(counts_.begin(), counts_.end(), [&](const auto& entry) { return is(entry.first); });
  }

  std::map<std::string, size_t, std::less<>> counts_;
  size_t rows_ = 0;
};

/// So many rows show how often each label is.
constexpr size_t kManyRows = 20;

/// Another value in each of many rows.
bool numbers_rows(const ColumnValues& values) {
  return values.rows() >= kManyRows && values.distinct() == std::min(values.rows(), ColumnValues::kMaxDistinct);
}

enum class End { first, last, unknown };

/// Whether `values` is the label for sure beside an `other` column that is a pixel's.
bool is_label_beside(const ColumnValues& values, const ColumnValues& other) {
  if (!values.can_be_label()) return false;
  if (!other.can_be_label() || !values.can_be_pixel()) return true;
  if (values.looks_like_label() && !other.looks_like_label()) return true;
  if (!other.is_background() || values.is_background()) return false;
  if (values.is_constant()) return true;
  // A corner with a little noise is like a label that is nearly always 0; one of a photo, in a few rows, like large
  // labels.
  const bool is_few = values.rows() < kManyRows;
  if (values.share_of_background() > (is_few ? 0.5 : 0.9)) return false;
  return is_few ? values.largest() < kFewLabels : values.has_few_values();
}

End end_with_label(const ColumnValues& first, const ColumnValues& last) {
  const bool is_first = is_label_beside(first, last);
  const bool is_last = is_label_beside(last, first);
  if (is_first == is_last) return End::unknown;
  return is_first ? End::first : End::last;
}

int64_t last_candidate(const CsvColumns& columns) {
  int64_t last = columns.count() - 1;
  while (columns.is_left_out(last) || last == columns.id) --last;
  return last;
}

/// The fields of a line in two columns, of which the first stands before the other.
std::pair<std::string_view, std::string_view> fields_at(std::string_view line, char separator, int64_t first,
                                                        int64_t last) {
  std::pair<std::string_view, std::string_view> found;
  int64_t column = 0;
  for (Fields fields(line, separator); !fields.at_end() && column <= last; ++column) {
    int64_t pixel = 0;
    if (column > first && column < last && fields.take_number(kMaxClasses, pixel)) continue;
    const std::string_view field = fields.next();
    if (column == first) found.first = field;
    if (column == last) found.second = field;
  }
  return found;
}

/// Calls `use` with each row until that returns false.
template <class Use>
void for_each_row(const std::filesystem::path& path, const CsvColumns& columns, Use use) {
  CsvLines lines(path);
  std::string buffer;
  for (const char* line = lines.first(); line != nullptr; line = lines.next()) {
    if (!is_blank(line) && !columns.is_header(line) && !use(columns.row_of(line, buffer))) return;
  }
}

/// Rows that are looked at first.
constexpr size_t kRows = 2000;

void check_supposed_label(const std::filesystem::path& path, CsvColumns& columns) {
  ColumnValues values;
  if (can_be_read_again(path)) {
    for_each_row(path, columns, [&](std::string_view line) {
      values.add(fields_at(line, columns.separator, columns.label, columns.label).first);
      return values.rows() < kRows;
    });
  }
  const bool name_rows = is_row_name(columns.names[static_cast<size_t>(columns.label)]) &&
                         values.distinct() == std::min(values.rows(), ColumnValues::kMaxDistinct);
  const bool says_nothing = values.is_constant() && values.rows() >= kManyRows;
  const bool are_labels = values.rows() > 0 && !name_rows && !says_nothing && values.can_be_label() &&
                          values.are_numbers() && (values.rows() < kManyRows || values.has_few_values());
  if (!are_labels) leave_out_label(columns);
}

void choose_end(const std::filesystem::path& path, CsvColumns& columns) {
  if (!can_be_read_again(path)) return;
  ColumnValues first;
  ColumnValues last;
  const int64_t last_column = last_candidate(columns);
  for_each_row(path, columns, [&](std::string_view line) {
    const auto [label, other] = fields_at(line, columns.separator, columns.label, last_column);
    first.add(label);
    last.add(other);
    // Rows sorted by their label begin with many of one: these do not say enough.
    return first.rows() % kRows != 0 || !first.looks_like_label() || end_with_label(first, last) != End::first;
  });
  if (first.rows() == 0) return;
  const std::string where = columns.has_header ? "no column is named label" : "no header";
  const End end = end_with_label(first, last);
  // The last pixel of photos may be another in each row too, but is one, and no label.
  const bool is_last_id = numbers_rows(last) && (end == End::last || !last.can_be_pixel());
  if (numbers_rows(first) || is_last_id) {
    throw Error(fmt::format("{}: {}, and the {} column holds another number in each row: an id? expected a "
                            "label before the pixels",
                            path.string(), where, is_last_id ? "last" : "first"),
                "remove the column, or name it in a header");
  }
  if (end == End::unknown) {
    throw Error(fmt::format("{}: {}, and the first column as well as the last may be the label; expected a header "
                            "like label,pixel0,pixel1,...",
                            path.string(), where),
                "name the column of the labels in it");
  }
  if (end == End::last) move_label_to_end(columns);
}

}  // namespace

void find_unnamed_label(const std::filesystem::path& path, CsvColumns& columns) {
  if (columns.is_label_supposed) check_supposed_label(path, columns);
  if (columns.is_label_guessed) choose_end(path, columns);
}

}  // namespace digitrec
