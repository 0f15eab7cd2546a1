#include "data/csv_unnamed.h"

#include "data/column_names.h"
#include "data/csv_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

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

bool is_row_behind_index(const std::vector<std::string>& names, char separator) {
  const std::vector<std::string> rest(names.begin() + 1, names.end());
  return is_index_name(names.front()) && has_one_too_many(rest.size()) && are_numbers(rest, separator) &&
         are_distinct(rest) && std::any_of(rest.begin(), rest.end(), [](const std::string& name) {
           return name.find('.') != std::string::npos;
         });
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
