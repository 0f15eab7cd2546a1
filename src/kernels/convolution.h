// 3 x 3 convolutions of tensors through a table's kernels.
#pragma once

#include "kernels/tensors.h"

#include <ATen/core/Tensor.h>

namespace digitrec::kernels {

/// Whether the table's kernels convolve these channels. Where a gradient of the input is needed, `in` must be more than
/// 1.
bool can_convolve(const Table& table, int64_t in, int64_t out);

/// Whether `convolve` multiplies bfloat16 with instructions of the processor's own, on AMX tiles. x: [N, in, H, W].
bool uses_tiles(const Table& table, const at::Tensor& x, int64_t out, int64_t padding);

/// z[N, out, H', W'] = 3 x 3 convolution of x[N, in, H, W] with weight float32 [out, in, 3, 3], without bias; H' is
/// H + 2 * padding - 2, of at least 1, and padding 0 to 2. x is float32 or bfloat16, and so is z, as `type` says; all
/// arithmetic is in float32. (Where AMX tiles multiply bfloat16, the weights are rounded to it first.)
at::Tensor convolve(const Table& table, const at::Tensor& x, const at::Tensor& weight, int64_t padding,
                    at::ScalarType type);

struct ConvGradients {
  at::Tensor dx;       ///< of x's shape and type; undefined unless asked for
  at::Tensor dweight;  ///< float32 [out, in, 3, 3]
};

/// Gradients of `convolve`, given dz [N, out, H', W'], float32 or bfloat16.
ConvGradients convolve_backward(const Table& table, const at::Tensor& dz, const at::Tensor& x, const at::Tensor& weight,
                                int64_t padding, bool needs_input);

}  // namespace digitrec::kernels
