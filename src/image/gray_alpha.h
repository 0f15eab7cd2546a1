#pragma once

#include <cstdint>
#include <vector>

namespace digitrec {

/// Blends a picture of grey and alpha with white, or with black where the picture is light.
std::vector<uint8_t> flatten(const std::vector<uint8_t>& grey_alpha);

/// The mean of each 2 x 2 pixels, of fewer at an odd edge; greys count as much as they are opaque. `channels`: 1 for
/// grey, 2 for grey and alpha.
std::vector<uint8_t> halve(const uint8_t* upper, const uint8_t* lower, int64_t width, int64_t channels);

}  // namespace digitrec
