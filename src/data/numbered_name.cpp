#include "data/numbered_name.h"

#include <algorithm>
#include <utility>

namespace digitrec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether the first of two numbers in a name counts columns and the second rows: x3y0, col3_row0.
bool counts_columns_first(const std::string& pattern) {
  const size_t first = pattern.find(kNumber);
  const size_t second = first == std::string::npos ? first : pattern.find(kNumber, first + 1);
  if (second == std::string::npos) return false;
  const auto word_before = [&](size_t begin, size_t end) {
    std::string word;
    for (size_t i = begin; i < end; ++i) {
      const char letter = static_cast<char>(pattern[i] | 0x20);
      if (letter >= 'a' && letter <= 'z') word += letter;
    }
    return word;
  };
  const std::string across = word_before(0, first);
  const std::string down = word_before(first + 1, second);
  return (across.ends_with('x') && down.ends_with('y')) ||
         ((across.ends_with("col") || across.ends_with("column")) && down.ends_with("row"));
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
  if (result.numbers.size() == 2 && counts_columns_first(result.pattern))
    std::swap(result.numbers[0], result.numbers[1]);
  return result;
}

}  // namespace digitrec
