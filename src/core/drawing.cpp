#include "core/drawing.h"

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

/// What one pixel takes from a row of pixels: weights, adding up to 1, from `first` on.
struct Taps {
  int64_t first;
  std::vector<float> weights;
};

/// `count` pixels made of the source's from `begin` to `end`, along one axis.
std::vector<Taps> make_taps(int64_t begin, int64_t end, int64_t count) {
  std::vector<Taps> taps;
  const double step = static_cast<double>(end - begin) / static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i) {
    const double from = static_cast<double>(begin) + static_cast<double>(i) * step;
    Taps tap{};
    if (step >= 1) {
      const double to = std::min(from + step, static_cast<double>(end));
      tap.first = std::min(static_cast<int64_t>(from), end - 1);
      for (int64_t x = tap.first; static_cast<double>(x) < to; ++x) {
        const double cover = std::min(to, static_cast<double>(x + 1)) - std::max(from, static_cast<double>(x));
        tap.weights.push_back(static_cast<float>(cover / step));
      }
    } else {
      const double middle = std::clamp(from + step / 2 - 0.5, static_cast<double>(begin), static_cast<double>(end - 1));
      tap.first = static_cast<int64_t>(middle);
      const auto share = static_cast<float>(middle - static_cast<double>(tap.first));
      tap.weights = {1 - share};
      if (share > 0) tap.weights.push_back(share);
    }
    taps.push_back(std::move(tap));
  }
  return taps;
}

}  // namespace

Box around(const Box& a, const Box& b) {
  return {std::min(a.left, b.left), std::min(a.top, b.top), std::max(a.right, b.right), std::max(a.bottom, b.bottom)};
}

int64_t share_of_side(const Drawing& drawing, double share) {
  return std::llround(static_cast<double>(std::min(drawing.width, drawing.height)) * share);
}

Box ink_box(const Drawing& drawing, float threshold) {
  Box box{drawing.width, drawing.height, 0, 0};
  for (int64_t y = 0; y < drawing.height; ++y) {
    for (int64_t x = 0; x < drawing.width; ++x) {
      if (drawing.at(x, y) < threshold) continue;
      box = around(box, {x, y, x + 1, y + 1});
    }
  }
  return box.right == 0 ? Box{} : box;
}

Drawing scale(const Drawing& drawing, const Box& box, int64_t width, int64_t height) {
  const std::vector<Taps> across = make_taps(box.left, box.right, width);
  const std::vector<Taps> down = make_taps(box.top, box.bottom, height);
  Drawing rows(width, drawing.height);  // scaled across only
  for (int64_t y = box.top; y < box.bottom; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const Taps& tap = across[static_cast<size_t>(x)];
      float sum = 0;
      for (size_t i = 0; i < tap.weights.size(); ++i) {
        sum += tap.weights[i] * drawing.at(tap.first + static_cast<int64_t>(i), y);
      }
      rows.at(x, y) = sum;
    }
  }
  Drawing scaled(width, height);
  for (int64_t y = 0; y < height; ++y) {
    const Taps& tap = down[static_cast<size_t>(y)];
    for (size_t i = 0; i < tap.weights.size(); ++i) {
      for (int64_t x = 0; x < width; ++x) {
        scaled.at(x, y) += tap.weights[i] * rows.at(x, tap.first + static_cast<int64_t>(i));
      }
    }
  }
  return scaled;
}

Drawing scale_to_side(const Drawing& drawing, const Box& box, int64_t side) {
  const double factor = static_cast<double>(side) / static_cast<double>(box.longer_side());
  const auto scaled = [&](int64_t length) {
    return std::max<int64_t>(1, std::llround(static_cast<double>(length) * factor));
  };
  return scale(drawing, box, scaled(box.width()), scaled(box.height()));
}

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

}  // namespace digitrec
