#pragma once

#include "image/image_file.h"

#include <ATen/core/Tensor.h>

namespace digitrec {

struct Tiling {
  int64_t columns = 10;  ///< images side by side; fewer where there are not so many
  int64_t zoom = 1;      ///< every pixel becomes zoom x zoom
  int64_t gap = 0;       ///< pixels between images and around them
  int gap_level = 96;
};

/// Images, uint8 [N, S, S], side by side in rows -> one of uint8 [H, W].
at::Tensor tile_images(const at::Tensor& images, const Tiling& tiling);

/// uint8 [S, S] or [N, S, S] with at most `side` pixels a side, by averaging.
at::Tensor shrink_image(const at::Tensor& images, int64_t side);

/// uint8 [H, W] as a picture.
GrayImage gray_image(const at::Tensor& pixels);

}  // namespace digitrec
