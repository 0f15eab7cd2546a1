#include "data/numbered_name.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace digitrec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The word before a number in a name, in lower case.
std::string word_before(const std::string& pattern, size_t begin, size_t end) {
  std::string word;
  for (size_t i = begin; i < end; ++i) {
    const char letter = static_cast<char>(pattern[i] | 0x20);
    if (letter >= 'a' && letter <= 'z') word += letter;
  }
  return word;
}

struct Axes {
  bool are_named = false;
  bool is_across_first = false;  ///< the first of the two numbers counts columns
};

/// What the words before two numbers say of them: x3y0, col3_row0, r0c3.
Axes axes_of(const std::string& pattern) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kWords{
      {{"column", "row"}, {"col", "row"}, {"column", "line"}, {"c", "r"}, {"width", "height"}, {"w", "h"}, {"x", "y"}}};
  const size_t first_at = pattern.find(kNumber);
  const std::string first = word_before(pattern, 0, first_at);
  const std::string second = word_before(pattern, first_at + 1, pattern.find(kNumber, first_at + 1));
  for (const auto& [across, down] : kWords) {
    if (first.ends_with(across) && second.ends_with(down)) return {.are_named = true, .is_across_first = true};
    if (first.ends_with(down) && second.ends_with(across)) return {.are_named = true};
  }
  const bool are_named = (first.ends_with('i') && second == "j") || (first.empty() && second == "x");  // as in 28x28
  if (are_named) return {.are_named = true};
  return {.are_named = first.ends_with('j') && second == "i", .is_across_first = first.ends_with('j') && second == "i"};
}

}  // namespace

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
  if (result.numbers.size() != 2) return result;
  const Axes axes = axes_of(result.pattern);
  result.names_axes = axes.are_named;
  if (axes.is_across_first) std::swap(result.numbers[0], result.numbers[1]);
  return result;
}

}  // namespace digitrec
