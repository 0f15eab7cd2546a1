#include "image/orientation.h"

#include <cstdint>
#include <utility>

namespace digitrec {

int exif_orientation(std::string_view tiff) {
  if (tiff.size() < 8 || (!tiff.starts_with("II") && !tiff.starts_with("MM"))) return 1;
  const bool is_little = tiff.starts_with("II");
  const auto number = [&](size_t at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const size_t place = is_little ? at + bytes - 1 - i : at + i;
      value = value << 8 | (place < tiff.size() ? static_cast<uint8_t>(tiff[place]) : 0U);
    }
    return value;
  };
  const size_t directory = number(4, 4);
  const size_t entries = number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.size()) break;
    if (number(entry, 2) != 0x0112) continue;
    const uint32_t value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

void set_upright(GrayImage& image, int orientation) {
  if (orientation == 1) return;
  const int64_t w = image.width;
  const int64_t h = image.height;
  const bool is_turned = orientation >= 5;
  GrayImage upright{is_turned ? h : w, is_turned ? w : h, std::vector<uint8_t>(image.pixels.size()), image.source};
  for (int64_t y = 0; y < upright.height; ++y) {
    for (int64_t x = 0; x < upright.width; ++x) {
      int64_t u = is_turned ? y : x;
      int64_t v = is_turned ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) u = w - 1 - u;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) v = h - 1 - v;
      upright.pixels[static_cast<size_t>(y * upright.width + x)] = image.pixels[static_cast<size_t>(v * w + u)];
    }
  }
  image = std::move(upright);
}

}  // namespace digitrec
