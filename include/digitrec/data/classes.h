#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

/// What the classes of a data set or a network are called. Inside the program they count from 0.
struct Classes {
  /// The number of each class in the data's files, ascending, where it is not 0, 1, 2, ... or where it has a name
  /// besides; else empty.
  std::vector<int64_t> labels{};
  std::vector<std::string> names{};  ///< what people call each class; empty: by its number

  /// For people: "T-shirt", or the number.
  std::string name(int64_t index) const;
  /// As the data's files have it: "0", or the name where the classes have no numbers.
  std::string label(int64_t index) const;
  /// Whether each class is one of the digits 0 to 9, which side by side make a number.
  bool are_digits(int64_t count) const;

  bool operator==(const Classes&) const = default;
};

}  // namespace digitrec
