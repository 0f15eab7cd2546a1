// Fully connected layers on tensors.
#pragma once

#include "kernels/isa/table.h"

#include <ATen/core/Tensor.h>

namespace digitrec::kernels {

/// x W^T + b, and max(that, 0) where `relu`: x float32 [N, in] on the CPU, `weight` float32 [out, in], `bias` float32
/// [out], all without gaps; float32 [N, out]. A row's values do not depend on the other rows.
///
/// LibTorch's products, MKL's, share each one among the threads, which wait for each other inside it, spinning: beside
/// other programs that is a few times slower, and for layers as small as these it is slower alone too.
at::Tensor linear(const Table& table, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu);

struct LinearGradients {
  at::Tensor dx;       ///< undefined where it is not needed
  at::Tensor dweight;  ///< [out, in]
  at::Tensor dbias;    ///< [out]
};

/// From the gradient of x W^T + b, float32 [N, out] without gaps; N of at least 1.
LinearGradients linear_backward(const Table& table, const at::Tensor& dz, const at::Tensor& x, const at::Tensor& weight,
                                bool needs_input);

}  // namespace digitrec::kernels
