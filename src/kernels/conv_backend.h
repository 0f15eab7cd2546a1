// Which code convolves: our kernels, oneDNN's, or a product of matrices.
#pragma once

#include "kernels/convolution.h"

#include <ATen/core/Tensor.h>

namespace digitrec::kernels {

/// What a convolution is besides its tensors.
struct ConvSettings {
  int64_t padding = 1;  ///< pixels of zeros on each side, 0 to 2
  /// bfloat16 convolves with oneDNN, which is far faster than our kernels where the processor multiplies bfloat16
  /// itself; elsewhere it would fall back to a slow reference. Our kernels still take one input channel, for which
  /// oneDNN has no fast way, and what fits AMX tiles.
  bool onednn_bf16 = false;
};

/// z[N, out, H', W'] of type `type` = 3 x 3 convolution of x[N, in, H, W], float32 or bfloat16 on the CPU, with weight
/// float32 [out, in, 3, 3], without bias. In channels-last order; bfloat16's sums are kept in float32.
at::Tensor backend_convolve(const ConvSettings& settings, const at::Tensor& x, const at::Tensor& weight,
                            at::ScalarType type);

/// Gradients of `backend_convolve`, given dz [N, out, H', W'].
ConvGradients backend_convolve_backward(const ConvSettings& settings, const at::Tensor& dz, const at::Tensor& x,
                                        const at::Tensor& weight, bool needs_input);

}  // namespace digitrec::kernels
