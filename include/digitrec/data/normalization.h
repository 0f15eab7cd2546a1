#pragma once

#include "digitrec/data/dataset.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace digitrec {

/// x = (pixel / 255 - mean) / deviation, the same for every pixel; kept in the checkpoint.
struct Normalization {
  double mean = 0.1307;       ///< of pixels scaled to 0..1; by default that of MNIST's training set
  double deviation = 0.3081;  ///< standard deviation, likewise
};

/// Mean and standard deviation over all pixels of `images`, uint8 [N, S, S]. Where all pixels are equal, the deviation
/// is 1.
Normalization measure_normalization(const at::Tensor& images);

/// uint8 [B, S, S] on any device -> float32 [B, 1, S, S] on the same device, normalised, in channels-last memory order.
/// (With one channel the strides of both orders coincide; allocating it as channels-last makes convolutions treat it
/// so.)
at::Tensor normalize_images(const at::Tensor& images, const Normalization& normalization);

/// normalize_images(images.index_select(0, rows), normalization) in one pass; rows: int64 [B], on the same device.
at::Tensor gather_normalized(const at::Tensor& images, const at::Tensor& rows, const Normalization& normalization);

}  // namespace digitrec
