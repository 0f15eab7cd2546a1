#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace digitrec {

/// Part of a drawing; right and bottom are one past the end.
struct Box {
  int64_t left = 0, top = 0, right = 0, bottom = 0;

  int64_t width() const { return right - left; }
  int64_t height() const { return bottom - top; }
  int64_t longer_side() const { return width() > height() ? width() : height(); }
};

/// The smallest box around both.
Box around(const Box& a, const Box& b);

/// Greys as floats, row by row: 0 background to 1 ink, unless said otherwise.
struct Drawing {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<float> ink;

  Drawing(int64_t w, int64_t h) : width(w), height(h), ink(static_cast<size_t>(w * h), 0.0F) {}
  float& at(int64_t x, int64_t y) { return ink[static_cast<size_t>(y * width + x)]; }
  float at(int64_t x, int64_t y) const { return ink[static_cast<size_t>(y * width + x)]; }
  Box whole() const { return {0, 0, width, height}; }
};

/// This share of the shorter side, to the nearest pixel.
int64_t share_of_side(const Drawing& drawing, double share);

/// The smallest box around all ink of at least `threshold`; empty when there is none.
Box ink_box(const Drawing& drawing, float threshold);

/// `box` of `drawing` at another size: the mean of the area under each pixel where that shrinks it (anti-aliased, exact
/// at fractional edges), linear interpolation where it grows.
Drawing scale(const Drawing& drawing, const Box& box, int64_t width, int64_t height);

/// The same, `side` pixels on its longer side and of the box's own shape.
Drawing scale_to_side(const Drawing& drawing, const Box& box, int64_t side);

/// Side of the box that holds the digit in an image of `image_size`: 20 of MNIST's 28.
int64_t box_size(int64_t image_size);

/// MNIST's last step (LeCun and others 1998; Yadav and Bottou 2019): pastes a drawing into a square of `image_size`
/// pixels so that its centre of mass falls on the middle, to the nearest pixel. Parts that would fall outside are cut.
std::vector<uint8_t> center_by_mass(const Drawing& drawing, int64_t image_size);

}  // namespace digitrec
