#include "image/orientation.h"

#include "image/tiff_tags.h"

#include <utility>

namespace digitrec {

int exif_orientation(std::string_view exif) {
  constexpr std::string_view kHead("Exif\0\0", 6);
  constexpr uint32_t kOrientation = 0x0112;
  if (exif.starts_with(kHead)) exif.remove_prefix(kHead.size());
  const uint32_t value = TiffDirectory(exif).value(kOrientation).value_or(1);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
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
