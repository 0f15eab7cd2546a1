#pragma once

#include "image/image_file.h"

#include <ATen/core/Tensor.h>

namespace digitrec {

struct Tiling {
  int64_t columns = 10;  ///< images side by side; fewer where there are fewer images
  int64_t zoom = 1;      ///< every pixel becomes zoom x zoom
  int64_t gap = 0;       ///< pixels between images and around them
  int gap_level = 96;
};

/// Puts images, uint8 [N, S, S], side by side in rows: one image, uint8 [H, W].
at::Tensor tile_images(const at::Tensor& images, const Tiling& tiling);

/// Shrinks uint8 [S, S] or [N, S, S] to a side of `side` pixels by averaging; smaller images stay as they are.
at::Tensor shrink_image(const at::Tensor& images, int64_t side);

/// uint8 [H, W] as a picture.
GrayImage gray_image(const at::Tensor& pixels);

}  // namespace digitrec
