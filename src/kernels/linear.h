#pragma once

#include <ATen/core/Tensor.h>

namespace digitrec::kernels {

/// x W^T + b for training, as one node of the autograd graph: x float32 [N, in] on the CPU, `weight` float32 [out, in],
/// `bias` float32 [out]; float32 [N, out].
///
/// The products are LibTorch's, each thread's share one of its own: with a product for all, the threads wait for each
/// other inside it, spinning, and two are hardly faster than one for layers and batches as small as these.
at::Tensor train_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace digitrec::kernels
