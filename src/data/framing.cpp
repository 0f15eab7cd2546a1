#include "data/framing.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

/// Less contrast than this between ink and background (of 255) is no drawing.
constexpr int kLeastContrast = 40;

/// The median of the pixels along the edge: the background, however the digit is drawn.
int border_level(const GrayImage& image) {
  std::vector<uint8_t> border;
  for (int64_t x = 0; x < image.width; ++x) {
    border.push_back(image.pixels[static_cast<size_t>(x)]);
    border.push_back(image.pixels[static_cast<size_t>((image.height - 1) * image.width + x)]);
  }
  for (int64_t y = 0; y < image.height; ++y) {
    border.push_back(image.pixels[static_cast<size_t>(y * image.width)]);
    border.push_back(image.pixels[static_cast<size_t>((y + 1) * image.width - 1)]);
  }
  std::nth_element(border.begin(), border.begin() + static_cast<int64_t>(border.size()) / 2, border.end());
  return border[border.size() / 2];
}

struct Box {
  int64_t left, top, right, bottom;  // right and bottom are one past the end
  int64_t width() const { return right - left; }
  int64_t height() const { return bottom - top; }
};

/// The smallest box around all ink of at least `threshold`.
Box ink_box(const Drawing& drawing, float threshold) {
  Box box{drawing.width, drawing.height, 0, 0};
  for (int64_t y = 0; y < drawing.height; ++y) {
    for (int64_t x = 0; x < drawing.width; ++x) {
      if (drawing.at(x, y) < threshold) continue;
      box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1), std::max(box.bottom, y + 1)};
    }
  }
  return box;
}

/// Mean ink over the source rectangle that one target pixel covers; exact at its fractional edges.
float area_mean(const Drawing& source, double x0, double x1, double y0, double y1) {
  double sum = 0;
  for (auto y = static_cast<int64_t>(y0); y < std::min(source.height, static_cast<int64_t>(std::ceil(y1))); ++y) {
    const double cover_y = std::min(y1, static_cast<double>(y + 1)) - std::max(y0, static_cast<double>(y));
    for (auto x = static_cast<int64_t>(x0); x < std::min(source.width, static_cast<int64_t>(std::ceil(x1))); ++x) {
      const double cover_x = std::min(x1, static_cast<double>(x + 1)) - std::max(x0, static_cast<double>(x));
      sum += cover_x * cover_y * source.at(x, y);
    }
  }
  return static_cast<float>(sum / ((x1 - x0) * (y1 - y0)));
}

Drawing scale_into_box(const Drawing& source, const Box& box, int64_t side) {
  const double scale = static_cast<double>(side) / static_cast<double>(std::max(box.width(), box.height()));
  const auto width = std::max<int64_t>(1, std::llround(static_cast<double>(box.width()) * scale));
  const auto height = std::max<int64_t>(1, std::llround(static_cast<double>(box.height()) * scale));
  Drawing scaled(width, height);
  const double step_x = static_cast<double>(box.width()) / static_cast<double>(width);
  const double step_y = static_cast<double>(box.height()) / static_cast<double>(height);
  for (int64_t y = 0; y < height; ++y) {
    const double y0 = static_cast<double>(box.top) + static_cast<double>(y) * step_y;
    for (int64_t x = 0; x < width; ++x) {
      const double x0 = static_cast<double>(box.left) + static_cast<double>(x) * step_x;
      scaled.at(x, y) = area_mean(source, x0, x0 + step_x, y0, y0 + step_y);
    }
  }
  return scaled;
}

}  // namespace

int64_t box_size(int64_t image_size) { return std::max<int64_t>(1, image_size * 20 / 28); }

std::vector<uint8_t> center_by_mass(const Drawing& drawing, int64_t image_size) {
  double mass = 0;
  double mass_x = 0;
  double mass_y = 0;
  for (int64_t y = 0; y < drawing.height; ++y) {
    for (int64_t x = 0; x < drawing.width; ++x) {
      const double ink = drawing.at(x, y);
      mass += ink;
      mass_x += ink * (static_cast<double>(x) + 0.5);
      mass_y += ink * (static_cast<double>(y) + 0.5);
    }
  }
  std::vector<uint8_t> image(static_cast<size_t>(image_size * image_size), 0);
  if (mass <= 0) return image;
  const double middle = static_cast<double>(image_size) / 2;
  const int64_t left = std::llround(middle - mass_x / mass);
  const int64_t top = std::llround(middle - mass_y / mass);
  for (int64_t y = std::max<int64_t>(0, -top); y < std::min(drawing.height, image_size - top); ++y) {
    for (int64_t x = std::max<int64_t>(0, -left); x < std::min(drawing.width, image_size - left); ++x) {
      const float ink = std::clamp(drawing.at(x, y), 0.0F, 1.0F);
      image[static_cast<size_t>((y + top) * image_size + x + left)] = static_cast<uint8_t>(std::lround(ink * 255));
    }
  }
  return image;
}

std::vector<uint8_t> frame_digit(const GrayImage& image, int64_t image_size) {
  const int background = border_level(image);
  if (image.width == image_size && image.height == image_size && background == 0) return image.pixels;

  // Ink is what differs from the background in the direction that has more room: dark on light, or light on dark.
  const int direction = background > 127 ? -1 : 1;
  Drawing drawing(image.width, image.height);
  int strongest = 0;
  for (const uint8_t pixel : image.pixels) strongest = std::max(strongest, direction * (pixel - background));
  if (strongest < kLeastContrast) {
    throw Error(fmt::format("{}: blank: no ink stands out from the background; expected a picture of a digit", image.source));
  }
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    drawing.ink[i] = std::max(0.0F, static_cast<float>(direction * (image.pixels[i] - background)) / static_cast<float>(strongest));
  }
  return center_by_mass(scale_into_box(drawing, ink_box(drawing, 0.25F), box_size(image_size)), image_size);
}

}  // namespace digitrec
