#pragma once

#include "data/image_file.h"

#include <cstdint>
#include <vector>

namespace digitrec {

/// A drawing as floats, 0 background to 1 ink, row by row.
struct Drawing {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<float> ink;

  Drawing(int64_t w, int64_t h) : width(w), height(h), ink(static_cast<size_t>(w * h), 0.0F) {}
  float& at(int64_t x, int64_t y) { return ink[static_cast<size_t>(y * width + x)]; }
  float at(int64_t x, int64_t y) const { return ink[static_cast<size_t>(y * width + x)]; }
};

/// MNIST's last step (LeCun and others 1998; Yadav and Bottou 2019): pastes a drawing into a square of `image_size`
/// pixels so that its centre of mass falls on the middle, to the nearest pixel. Parts that would fall outside are cut.
std::vector<uint8_t> center_by_mass(const Drawing& drawing, int64_t image_size);

/// Side of the box that holds the digit in an image of `image_size`: 20 of MNIST's 28.
int64_t box_size(int64_t image_size);

/// Any picture of one digit -> `image_size` squared bytes framed as MNIST's: ink polarity found from the border, cropped,
/// scaled into the box keeping its aspect ratio with area averaging, centred by mass. A picture that already has the
/// right size and a black border is taken as it is. Throws Error, naming `image.source`, when there is no ink.
std::vector<uint8_t> frame_digit(const GrayImage& image, int64_t image_size);

}  // namespace digitrec
