#pragma once

#include <torch/types.h>

namespace digitrec::kernels {

enum class Pool {
  none,
  last,         ///< 2 x 2 after the ReLU (computed before it, which gives the same)
  before_norm,  ///< 2 x 2 before batch normalisation, which then works on a quarter of the values
};

/// Batch normalisation's tensors, PyTorch's names: float32 [channels].
struct BatchNorm {
  torch::Tensor weight;
  torch::Tensor bias;
  torch::Tensor running_mean;
  torch::Tensor running_var;
  double momentum = 0.1;
  double epsilon = 1e-5;
};

/// Whether conv_block can take a convolution of these channels, and norm_relu that many features, on this CPU.
bool fits_kernels(int64_t in, int64_t out);
bool fits_kernels(int64_t features);

/// A 3 x 3 convolution, batch normalisation where `norm` is not null, ReLU, pooling and dropout of whole channels, as
/// one node of the autograd graph. x: float32 or bfloat16 [N, in, H, W] on the CPU; the result is of type `type`.
/// weight [out, in, 3, 3] and bias [out] are float32.
struct ConvBlock {
  torch::Tensor weight;
  torch::Tensor bias;
  const BatchNorm* norm = nullptr;
  int64_t padding = 1;
  Pool pool = Pool::none;
  /// Convolve bfloat16 with oneDNN, which is far faster than we are where the processor multiplies bfloat16 itself.
  /// Elsewhere it would fall back to a slow reference. One input channel is ours always: oneDNN has no fast way for it.
  bool onednn_bf16 = false;
};

/// Training: normalises with the batch's own statistics and moves the running ones. `mask`: float32 [N, out] or
/// undefined.
torch::Tensor train_conv_block(const torch::Tensor& x, const ConvBlock& block, const torch::Tensor& mask,
                               at::ScalarType type);
/// Evaluation, without gradients: the running statistics, folded with the bias into one scale and shift.
torch::Tensor eval_conv_block(const torch::Tensor& x, const ConvBlock& block, at::ScalarType type);

/// relu(batch_norm(z)), z: float32 or bfloat16 [N, features] on the CPU.
torch::Tensor train_norm_relu(const torch::Tensor& z, const BatchNorm& norm);
torch::Tensor eval_norm_relu(const torch::Tensor& z, const BatchNorm& norm);

}  // namespace digitrec::kernels
