#pragma once

#include "digitrec/train/config.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace digitrec {

/// A rotation, scaling and shear about the centre of the image.
struct AffineMap {
  double rotate = 0;  ///< degrees
  double width = 1;   ///< factor
  double height = 1;  ///< factor
  double shear = 0;   ///< x shifted by this share of y
};

/// The images under the map: uint8 [B, S, S] -> float32 [B, S, S] on the same device, 0 to 255; 0 where the source lies
/// outside the image.
at::Tensor transform(const at::Tensor& images, const AffineMap& map);

/// Varied copies of the images: uint8 [B, S, S] -> float32 [B, S, S] on the same device, 0 to 255. The same seed and
/// images give the same copies on every device, up to rounding. `labels`: int64 [B], what the synthetic digits among
/// them are to show.
at::Tensor augment(const at::Tensor& images, const at::Tensor& labels, const Augmentation& augmentation, uint64_t seed);

}  // namespace digitrec
