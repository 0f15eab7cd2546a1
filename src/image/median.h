#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace digitrec {

/// The middle one of at least one value; of an even number of them, the upper.
template <typename Value>
Value median(std::vector<Value> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace digitrec
