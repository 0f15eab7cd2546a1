// What follows a convolution, in one pass over memory: scale and shift, pooling, ReLU, dropout of whole channels.
#pragma once

#include "kernels/tensors.h"

#include <ATen/core/Tensor.h>

namespace digitrec::kernels {

/// Vectors are float32 [channels].
struct EpilogueOptions {
  at::Tensor scale;  ///< undefined: 1
  at::Tensor shift;
  at::Tensor dropout_mask;  ///< of whole channels, float32 [N, channels]; undefined: 1
  bool relu = true;
  bool pool = false;  ///< 2 x 2, after scale and shift and before the ReLU: the same as after it
};

struct EpilogueResult {
  at::Tensor y;      ///< [N, channels, H, W] of z's type; with pooling H / 2 and W / 2
  at::Tensor codes;  ///< of the pooling windows, uint8 of y's shape: see kPoolDead; undefined without pooling
};

/// y = dropout_mask * relu(pool(z * scale + shift)), z: float32 or bfloat16 [N, channels, H, W] in channels-last order.
/// Without `needs_codes` no backward pass can follow.
EpilogueResult epilogue(const Table& table, const at::Tensor& z, const EpilogueOptions& options, bool needs_codes);

struct EpilogueGradients {
  at::Tensor dz;      ///< [N, channels, H, W] of dy's type
  at::Tensor dshift;  ///< float32 [channels]
};

/// Backward of `epilogue` without scale and mask. `y` is needed without pooling, `codes` with it; z_sizes is
/// [N, channels, H, W].
EpilogueGradients epilogue_backward(const Table& table, const at::Tensor& dy, const at::Tensor& y,
                                    const at::Tensor& codes, at::IntArrayRef z_sizes);

}  // namespace digitrec::kernels
