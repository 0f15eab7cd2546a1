#include "image/gray_alpha.h"

#include <algorithm>

namespace digitrec {

std::vector<uint8_t> flatten(const std::vector<uint8_t>& grey_alpha) {
  double light = 0;
  double weight = 0;
  for (size_t i = 0; i < grey_alpha.size(); i += 2) {
    light += static_cast<double>(grey_alpha[i]) * grey_alpha[i + 1];
    weight += grey_alpha[i + 1];
  }
  const int background = light > weight * 127 ? 0 : 255;
  std::vector<uint8_t> pixels(grey_alpha.size() / 2);
  for (size_t i = 0; i < pixels.size(); ++i) {
    const int alpha = grey_alpha[2 * i + 1];
    pixels[i] = static_cast<uint8_t>((grey_alpha[2 * i] * alpha + background * (255 - alpha) + 127) / 255);
  }
  return pixels;
}

std::vector<uint8_t> halve(const uint8_t* upper, const uint8_t* lower, int64_t width, int64_t channels) {
  std::vector<uint8_t> row;
  row.reserve(static_cast<size_t>((width + 1) / 2 * channels));
  for (int64_t x = 0; x < width; x += 2) {
    int light = 0;
    int weight = 0;
    for (const uint8_t* from : {upper, lower}) {
      for (int64_t u = x; u <= std::min(x + 1, width - 1); ++u) {
        const int opacity = channels == 2 ? from[2 * u + 1] : 1;
        light += from[channels * u] * opacity;
        weight += opacity;
      }
    }
    const int count = x + 1 < width ? 4 : 2;
    row.push_back(static_cast<uint8_t>(weight == 0 ? 0 : (light + weight / 2) / weight));
    if (channels == 2) row.push_back(static_cast<uint8_t>((weight + count / 2) / count));
  }
  return row;
}

}  // namespace digitrec
