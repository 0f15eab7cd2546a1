#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

/// Stands in a pattern for a number.
constexpr char kNumber = '\0';

/// "row2_col10": the pattern "row*_col*" with the numbers 2 and 10; the row comes first, also of "x10y2".
struct NumberedName {
  std::string pattern;
  std::vector<int64_t> numbers;
  bool names_axes = false;  ///< of two numbers words say which is the row
};

NumberedName take_numbers(const std::string& name);

}  // namespace digitrec
