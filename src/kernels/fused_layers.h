// What a network calls: a convolution, a product or a batch normalisation with all that follows it, as one layer.
#pragma once

#include "kernels/batch_norm.h"
#include "kernels/conv_backend.h"

#include <ATen/core/Tensor.h>

namespace digitrec::kernels {

enum class Pool {
  none,
  last,         ///< 2 x 2 after the ReLU (computed before it, which gives the same)
  before_norm,  ///< 2 x 2 before batch normalisation, which then works on a quarter of the values
};

/// Whether this processor's kernels take a convolution of these channels, and a batch normalisation of so many
/// features.
bool fits_kernels(int64_t in, int64_t out);
bool fits_kernels(int64_t features);

/// A 3 x 3 convolution, batch normalisation where `norm` is not null, ReLU, pooling and dropout of whole channels, as
/// one node of the autograd graph. x: float32 or bfloat16 [N, in, H, W] on the CPU; the result is of type `type`, in
/// channels-last order.
struct FusedConv {
  at::Tensor weight;                ///< float32 [out, in, 3, 3]; fits_kernels(in, out)
  at::Tensor bias;                  ///< float32 [out]
  const BatchNorm* norm = nullptr;  ///< of `out` channels
  ConvSettings settings = {};
  Pool pool = Pool::none;  ///< before_norm only where `norm` is not null
};

/// Training: normalises with the batch's own statistics, of at least 2 values a channel, and moves the running ones.
/// `dropout_mask`: float32 [N, out] or undefined.
at::Tensor train_fused_conv(const at::Tensor& x, const FusedConv& conv, const at::Tensor& dropout_mask,
                            at::ScalarType type);
/// Evaluation, in NoGrad mode: the running statistics, folded with the bias into one scale and shift.
at::Tensor eval_fused_conv(const at::Tensor& x, const FusedConv& conv, at::ScalarType type);

/// relu(batch_norm(z)), z: float32 or bfloat16 [N, features] on the CPU; fits_kernels(features). Training needs N of at
/// least 2, evaluation NoGrad mode.
at::Tensor train_norm_relu(const at::Tensor& z, const BatchNorm& norm);
at::Tensor eval_norm_relu(const at::Tensor& z, const BatchNorm& norm);

/// x W^T + b, and max(that, 0) where `relu`: x float32 [N, in] on the CPU, `weight` float32 [out, in], `bias` float32
/// [out]. Training needs N of at least 1, evaluation NoGrad mode.
at::Tensor train_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu);
at::Tensor eval_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu);

}  // namespace digitrec::kernels
