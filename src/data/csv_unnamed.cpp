#include "data/csv_unnamed.h"

#include "data/column_names.h"
#include "data/csv_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace digitrec {
namespace {

/// A comma may stand for a decimal point where it is not the separator.
bool is_number(const std::string& name, char separator) {
  const char* characters = separator == ',' ? "0123456789.-+eE" : "0123456789.-+eE,";
  return !name.empty() && name.find_first_not_of(characters) == std::string::npos &&
         name.find_first_of("0123456789") != std::string::npos;
}

}  // namespace

int64_t side_of(size_t pixels) {
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(pixels))));
  return static_cast<size_t>(side * side) == pixels ? side : 0;
}

bool has_one_too_many(size_t columns) {
  return columns > 0 && side_of(columns) == 0 && side_of(columns - 1) >= kMinUnnamedSize;
}

bool are_numbers(const std::vector<std::string>& names, char separator) {
  const size_t count = names.size() > 1 && names.back().empty() ? names.size() - 1 : names.size();
  return std::all_of(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count),
                     [&](const std::string& name) { return is_number(name, separator); });
}

bool are_distinct(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

int64_t word_of_row(const std::vector<std::string>& names, char separator) {
  constexpr size_t kFewest = 9;
  const std::vector<std::string> but_first(names.begin() + 1, names.end());
  const std::vector<std::string> but_last(names.begin(), names.end() - 1);
  const auto is_row = [&](const std::vector<std::string>& rest) {
    return rest.size() >= kFewest && are_numbers(rest, separator) && !are_distinct(rest);
  };
  if (!names.front().empty() && is_row(but_first)) return 0;
  if (!names.back().empty() && is_row(but_last)) return static_cast<int64_t>(names.size()) - 1;
  return -1;
}

void place_named_row(CsvColumns& columns, int64_t label, const FailHeader& fail) {
  const std::string word = shown(columns.names[static_cast<size_t>(label)]);
  const size_t pixels = columns.names.size() - 1;
  columns.has_header = false;
  columns.image_size = side_of(pixels);
  if (columns.image_size < kMinUnnamedSize || word.find('.') != std::string::npos) {
    fail(fmt::format("no header, and {} numbers {} '{}'; expected the label and the pixels of a square image of 8 x 8 "
                     "or more",
                     pixels, label == 0 ? "behind" : "before", word),
         side_of(pixels - 1) >= kMinUnnamedSize || side_of(pixels) >= kMinUnnamedSize
             ? "if that is a file's name, remove the column"
             : "numbers that describe a picture are no pixels");
  }
  columns.names.assign(1, "label");
  for (size_t i = 0; i < pixels; ++i) columns.names.push_back(fmt::format("pixel{}", i));
  if (label > 0) std::rotate(columns.names.begin(), columns.names.begin() + 1, columns.names.end());
  columns.label = label;
}

namespace {

/// "0.12" as the 13th 0 of a row, where it was seen 12 times: "0". Else the name itself.
std::string without_count(const std::string& name, const std::map<std::string, size_t>& seen) {
  const size_t point = name.rfind('.');
  if (point == std::string::npos) return name;
  const auto found = seen.find(name.substr(0, point));
  const bool is_next = found != seen.end() && name.substr(point + 1) == std::to_string(found->second);
  return is_next ? found->first : name;
}

}  // namespace

std::vector<std::string> row_in_header(const std::vector<std::string>& names) {
  const size_t first = is_index_name(names.front()) ? 1 : 0;
  if (names.size() < first + kMinUnnamedSize * kMinUnnamedSize || !are_distinct(names)) return {};
  const bool is_of_r = names[first].starts_with('X');
  std::map<std::string, size_t> seen;
  std::vector<std::string> row(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(first));
  for (size_t i = first; i < names.size(); ++i) {
    if (is_of_r && !names[i].starts_with('X')) return {};
    row.push_back(without_count(names[i].substr(is_of_r ? 1 : 0), seen));
    double value = 0;
    if (!parse_real(row.back(), value)) return {};
    ++seen[row.back()];
  }
  const bool has_repeats = seen.size() + 1 < names.size() - first;
  return has_repeats ? row : std::vector<std::string>{};
}

void place_row_in_header(CsvColumns& columns, const std::vector<std::string>& row, const FailHeader& fail) {
  for (const std::string& number : row) {
    if (&number != &row.front()) columns.first_row += columns.separator;
    columns.first_row += number;
  }
  const bool has_index = is_index_name(row.front());
  columns.has_header = false;
  columns.names.assign(row.begin() + (has_index ? 1 : 0), row.end());
  place_unnamed(columns, fail);
  if (has_index) add_row_names(columns);
}

void place_unnamed(CsvColumns& columns, const FailHeader& fail) {
  if (columns.names.back().empty()) {
    columns.left_out.push_back(columns.count() - 1);
    columns.names.pop_back();
  }
  const size_t count = columns.names.size();
  const bool has_label = has_one_too_many(count);
  columns.image_size = side_of(has_label ? count - 1 : count);
  if (columns.image_size < kMinUnnamedSize) {
    fail(count < 65
             ? "the first line holds numbers; expected a header like label,pixel0,pixel1,..."
             : fmt::format("{} numbers and no header make no square image; expected 784 or, with a label, 785", count),
         count > 74 && side_of(count - 10) >= kMinUnnamedSize
             ? "are the last 10 a label, one-hot? write it as one column, their argmax"
         : count > 65 && side_of(count - 2) >= kMinUnnamedSize
             ? "is the first an index? pandas writes none with index=False"
             : "");
  }
  columns.names.clear();
  if (has_label) columns.names.emplace_back("label");
  columns.label = has_label ? 0 : -1;
  columns.is_label_guessed = has_label;
  for (int64_t i = 0; i < columns.image_size * columns.image_size; ++i)
    columns.names.push_back(fmt::format("pixel{}", i));
  if (!columns.left_out.empty()) columns.names.emplace_back();
}

}  // namespace digitrec
