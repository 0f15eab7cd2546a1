#pragma once

#include "data/image_file.h"

#include <torch/types.h>

namespace digitrec {

struct Tiling {
  int64_t columns = 10;  ///< images side by side; fewer where there are not so many
  int64_t zoom = 1;      ///< every pixel becomes zoom x zoom
  int64_t gap = 0;       ///< pixels between images and around them
  int gap_level = 96;
};

/// Images, uint8 [N, S, S], side by side in rows -> one of uint8 [H, W].
torch::Tensor tile_images(const torch::Tensor& images, const Tiling& tiling);

/// uint8 [S, S] or [N, S, S] with at most `side` pixels a side, by averaging.
torch::Tensor shrink_image(const torch::Tensor& images, int64_t side);

/// uint8 [H, W] as a picture.
GrayImage gray_image(const torch::Tensor& pixels);

}  // namespace digitrec
