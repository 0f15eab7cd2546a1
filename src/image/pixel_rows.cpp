#include "image/pixel_rows.h"

#include "image/decoders.h"

#include <algorithm>
#include <utility>

namespace digitrec {
namespace {

/// Blends a picture of grey and alpha with white, or with black where the picture is light.
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

/// The mean of each 2 x 2 pixels, of fewer at an odd edge; greys count as much as they are opaque.
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

}  // namespace

PixelRows::PixelRows(int64_t width, int64_t height, int64_t channels)
    : width_(width), height_(height), channels_(channels) {
  const size_t bytes = static_cast<size_t>(height) * row_bytes();
  pixels_.reserve(is_halved(width, height) ? bytes / 4 : bytes);
}

void PixelRows::append(const uint8_t* first, const uint8_t* second) {
  const std::vector<uint8_t> row = halve(first, second, width_, channels_);
  pixels_.insert(pixels_.end(), row.begin(), row.end());
}

void PixelRows::take(const uint8_t* row) {
  const bool is_last = ++taken_ == height_;
  if (!is_halved(width_, height_)) {
    pixels_.insert(pixels_.end(), row, row + row_bytes());
  } else if (!upper_.empty()) {
    append(upper_.data(), row);
    upper_.clear();
  } else if (is_last) {
    append(row, row);
  } else {
    upper_.assign(row, row + row_bytes());
  }
}

GrayImage PixelRows::finish(const std::string& source) {
  const bool halves = is_halved(width_, height_);
  GrayImage image{halves ? (width_ + 1) / 2 : width_, halves ? (height_ + 1) / 2 : height_, std::move(pixels_), source};
  if (channels_ == 2) image.pixels = flatten(image.pixels);
  return image;
}

}  // namespace digitrec
