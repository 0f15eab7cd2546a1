// How the kernels behind a convolution walk over an image [height, width, channels]: 2 x 2 pooling windows, what no
// window covers, and the parameters of a vector of channels.
#pragma once

#include "kernels/isa/preconditions.h"

namespace digitrec::kernels::DIGITREC_ISA {

/// from[offset], or `otherwise` where `from` is nullptr.
DIGITREC_INLINE Vec load_or(const float* from, int64_t offset, float otherwise) {
  return from == nullptr ? broadcast(otherwise) : load(from + offset);
}

DIGITREC_INLINE void add_to(float* to, Vec v) { store(to, load(to) + v); }

/// Image n's row of a dropout mask [images, channels], or nullptr.
DIGITREC_INLINE const float* mask_row(const float* mask, int64_t n, const ImageShape& shape) {
  return mask == nullptr ? nullptr : mask + n * shape.channels;
}

/// Where the four values of a pooling window begin in an image.
struct Window {
  int64_t at[4];
};
DIGITREC_INLINE Window window(const ImageShape& shape, int64_t h, int64_t w) {
  const int64_t row = shape.width * shape.channels;
  const int64_t first = 2 * h * row + 2 * w * shape.channels;
  return {.at = {first, first + shape.channels, first + row, first + row + shape.channels}};
}

/// Calls `body(pooled, corners, c)` for each vector of channels of each pooling window of image n: where the pooled
/// value lies in the array of all images, and where in image n the four do.
template <class Body>
DIGITREC_INLINE void for_windows(const ImageShape& shape, int64_t n, Body body) {
  int64_t pooled = n * shape.pooled_size();
  for (int64_t h = 0; h < shape.height / 2; ++h) {
    for (int64_t w = 0; w < shape.width / 2; ++w, pooled += shape.channels) {
      const Window corners = window(shape, h, w);
      for (int64_t c = 0; c < shape.channels; c += kLanes) body(pooled + c, corners, c);
    }
  }
}

DIGITREC_INLINE LaneMask load_codes(const uint8_t* codes) {
  return __builtin_convertvector(load_bytes<Bytes>(codes), LaneMask);
}

/// Calls `body(i, c)` for each vector of channels of the last row and column where height or width is odd: no window
/// covers them.
template <class Body>
DIGITREC_INLINE void for_uncovered(const ImageShape& shape, Body body) {
  for (int64_t h = 0; h < shape.height; ++h) {
    const int64_t first = h < shape.height / 2 * 2 ? shape.width / 2 * 2 : 0;
    for (int64_t w = first; w < shape.width; ++w) {
      for (int64_t c = 0; c < shape.channels; c += kLanes) body((h * shape.width + w) * shape.channels + c, c);
    }
  }
}

}  // namespace digitrec::kernels::DIGITREC_ISA
