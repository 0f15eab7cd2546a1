#include "data/csv_columns.h"

#include "data/csv_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <numeric>

namespace digitrec {
namespace {

/// Stands in a pattern for a number.
constexpr char kNumber = '\0';

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "row2_col10": the pattern "row*_col*" with the numbers 2 and 10.
struct NumberedName {
  std::string pattern;
  std::vector<int64_t> numbers;
};

NumberedName take_numbers(const std::string& name) {
  constexpr int64_t kMax = int64_t{1} << 40;
  NumberedName result;
  for (size_t i = 0; i < name.size();) {
    if (!is_digit(name[i])) {
      result.pattern += name[i++];
      continue;
    }
    int64_t number = 0;
    for (; i < name.size() && is_digit(name[i]); ++i) number = std::min(kMax, number * 10 + (name[i] - '0'));
    result.pattern += kNumber;
    result.numbers.push_back(number);
  }
  return result;
}

/// The columns of pixels: where they stand, and what their names say.
struct PixelNames {
  std::vector<size_t> columns;
  std::vector<NumberedName> names;
};

/// The names that all pixels' are like: those of most columns.
std::string common_pattern(const PixelNames& pixels) {
  std::map<std::string, size_t> counts;
  for (const NumberedName& name : pixels.names) ++counts[name.pattern];
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

/// Which of the numbers in a name differ from pixel to pixel: the v2 of v2_pixel7 does not.
std::vector<size_t> varying_numbers(const std::vector<NumberedName>& names) {
  std::vector<size_t> varying;
  for (size_t i = 0; i < names.front().numbers.size(); ++i) {
    const bool varies = std::any_of(names.begin(), names.end(), [&](const NumberedName& name) {
      return name.numbers[i] != names.front().numbers[i];
    });
    if (varies) varying.push_back(i);
  }
  return varying;
}

class Mapping {
 public:
  Mapping(CsvColumns& columns, const FailHeader& fail) : columns_(columns), fail_(fail) {
    for (size_t i = 0; i < columns.names.size(); ++i) {
      if (static_cast<int64_t>(i) == columns.label) continue;
      pixels_.columns.push_back(i);
      pixels_.names.push_back(take_numbers(columns.names[i]));
    }
  }

  void map() {
    const std::string pattern = common_pattern(pixels_);
    const bool are_numbered = pattern.find(kNumber) != std::string::npos;
    if (are_numbered) require_pattern(pattern);
    set_image_size();
    are_numbered ? set_order() : require_distinct();
  }

 private:
  const std::string& name_of(size_t pixel) const { return columns_.names[pixels_.columns[pixel]]; }

  void require_pattern(const std::string& pattern) const {
    const auto is_pixel = [&](const NumberedName& name) { return name.pattern == pattern; };
    const auto pixel = std::find_if(pixels_.names.begin(), pixels_.names.end(), is_pixel);
    const auto other = std::find_if_not(pixels_.names.begin(), pixels_.names.end(), is_pixel);
    if (other == pixels_.names.end()) return;
    const auto at = static_cast<size_t>(other - pixels_.names.begin());
    fail_(fmt::format("column {}, '{}', is neither the label nor a pixel such as {}", pixels_.columns[at] + 1,
                      shown(name_of(at)), shown(name_of(static_cast<size_t>(pixel - pixels_.names.begin())))),
          "remove it");
  }

  void set_image_size() const {
    const size_t pixels = pixels_.columns.size();
    const auto size = std::llround(std::sqrt(static_cast<double>(pixels)));
    if (pixels < 1 || static_cast<size_t>(size * size) != pixels) {
      fail_(
          fmt::format("{} pixel columns do not make a square image; expected a square number, such as 784 for 28 x 28",
                      pixels),
          "");
    }
    columns_.image_size = size;
  }

  /// Sorts the pixels by the numbers in their names, which have to be those of an image without a gap.
  void set_order() const {
    std::vector<size_t> sorted(pixels_.columns.size());
    std::iota(sorted.begin(), sorted.end(), size_t{0});
    const auto& names = pixels_.names;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](size_t a, size_t b) { return names[a].numbers < names[b].numbers; });
    require_no_gap(sorted);
    if (std::is_sorted(sorted.begin(), sorted.end())) return;
    columns_.order.assign(sorted.begin(), sorted.end());
  }

  void require_no_gap(const std::vector<size_t>& sorted) const {
    const std::vector<size_t> varying = varying_numbers(pixels_.names);
    const auto size = static_cast<size_t>(columns_.image_size);
    for (size_t i = 1; i < sorted.size(); ++i) {
      const std::vector<int64_t>& before = pixels_.names[sorted[i - 1]].numbers;
      const std::vector<int64_t>& numbers = pixels_.names[sorted[i]].numbers;
      if (numbers == before) {
        fail_(fmt::format("two columns are named {}; expected each pixel once", shown(name_of(sorted[i]))), "");
      }
      bool follows = false;
      if (varying.size() == 1) follows = numbers[varying[0]] == before[varying[0]] + 1;
      if (varying.size() == 2) {  // a row of the image, then the next one
        const std::vector<int64_t>& first = pixels_.names[sorted.front()].numbers;
        const auto row = static_cast<int64_t>(i / size);
        const auto column = static_cast<int64_t>(i % size);
        follows = numbers[varying[0]] == first[varying[0]] + row && numbers[varying[1]] == first[varying[1]] + column;
      }
      if (follows) continue;
      fail_(fmt::format("no pixel stands between {} and {} by their names; expected numbers without a gap",
                        shown(name_of(sorted[i - 1])), shown(name_of(sorted[i]))),
            "");
    }
  }

  void require_distinct() const {
    std::map<std::string_view, size_t> seen;
    for (size_t i = 0; i < pixels_.columns.size(); ++i) {
      if (!seen.try_emplace(name_of(i), i).second)
        fail_(fmt::format("two columns are named {}; expected each pixel once", shown(name_of(i))), "");
    }
  }

  CsvColumns& columns_;
  const FailHeader& fail_;
  PixelNames pixels_;
};

/// What people call the labels, in any case.
bool is_label_name(const std::string& name) {
  constexpr std::array<std::string_view, 4> kNames{"label", "class", "target", "y"};
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

}  // namespace

CsvColumns name_csv_columns(std::string_view header, const FailHeader& fail) {
  CsvColumns columns;
  for (size_t begin = 0; begin <= header.size();) {
    const size_t end = std::min(header.find(',', begin), header.size());
    columns.names.emplace_back(unquoted(trimmed(header.substr(begin, end - begin))));
    begin = end + 1;
  }
  for (size_t i = 0; i < columns.names.size(); ++i) {
    if (!is_label_name(columns.names[i])) continue;
    if (columns.label >= 0) {
      const std::string& other = columns.names[static_cast<size_t>(columns.label)];
      fail(other == columns.names[i]
               ? fmt::format("two columns are named {}; expected one", other)
               : fmt::format("columns {} and {} may both be the labels; expected one", other, columns.names[i]),
           "");
    }
    columns.label = static_cast<int64_t>(i);
  }
  return columns;
}

std::optional<CsvColumns> columns_without_header(int64_t count) {
  constexpr int64_t kMinSize = 8;
  const auto size = static_cast<int64_t>(std::sqrt(static_cast<double>(count)));
  const bool has_label = size * size + 1 == count;
  if (size < kMinSize || (size * size != count && !has_label)) return std::nullopt;
  CsvColumns columns{.names = {}, .label = has_label ? 0 : -1, .image_size = size, .order = {}};
  if (has_label) columns.names.emplace_back("label");
  for (int64_t i = 0; i < size * size; ++i) columns.names.push_back(fmt::format("pixel{}", i));
  return columns;
}

void place_csv_pixels(CsvColumns& columns, const FailHeader& fail) { Mapping(columns, fail).map(); }

}  // namespace digitrec
