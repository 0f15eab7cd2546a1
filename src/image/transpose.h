#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace digitrec {

/// [height, width] pixels, row by row, as [width, height]. In blocks that stay in the cache.
template <typename Pixel>
std::vector<Pixel> transpose(const std::vector<Pixel>& pixels, int64_t width, int64_t height) {
  constexpr int64_t kBlock = 64 / static_cast<int64_t>(sizeof(Pixel));
  std::vector<Pixel> turned(pixels.size());
  for (int64_t top = 0; top < height; top += kBlock) {
    for (int64_t left = 0; left < width; left += kBlock) {
      for (int64_t y = top; y < std::min(top + kBlock, height); ++y) {
        for (int64_t x = left; x < std::min(left + kBlock, width); ++x) {
          turned[static_cast<size_t>(x * height + y)] = pixels[static_cast<size_t>(y * width + x)];
        }
      }
    }
  }
  return turned;
}

}  // namespace digitrec
