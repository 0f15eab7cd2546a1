#pragma once

#include "kernels/convolution.h"

namespace digitrec::kernels {

/// What follows a convolution. All vectors are float32 [channels].
struct EpilogueOptions {
  torch::Tensor scale;  ///< undefined: 1
  torch::Tensor shift;
  torch::Tensor mask;  ///< float32 [N, channels]: dropout of whole channels; undefined: none
  bool relu = true;
  bool pool = false;  ///< 2 x 2, after scale and shift and before the ReLU: the same as after it
};

struct EpilogueResult {
  torch::Tensor y;
  torch::Tensor codes;  ///< uint8, y's shape: see kPoolDead; undefined without pooling
};

/// y = mask * relu(pool(z * scale + shift)), of z's type. Without `needs_codes` no backward pass can follow.
EpilogueResult epilogue(const Table& table, const torch::Tensor& z, const EpilogueOptions& options, bool needs_codes);

/// Backward of `epilogue` without scale and mask: gradients of z [N, channels, height, width] and of shift.
/// `y` is needed without pooling, `codes` with it.
std::array<torch::Tensor, 2> epilogue_backward(const Table& table, const torch::Tensor& dy, const torch::Tensor& y,
                                               const torch::Tensor& codes, at::IntArrayRef z_sizes);

/// Mean and biased variance of each channel over images, rows and columns: float32 [channels].
struct Moments {
  torch::Tensor mean;
  torch::Tensor variance;
};
Moments moments(const Table& table, const torch::Tensor& z);

/// Gradients of z, of batch normalisation's weight and of its bias, through
/// y = mask * relu(pool(weight * (z - mean) * inverse_deviation + bias)), with mean and deviation those of z itself.
struct NormSaved {
  torch::Tensor z, codes, mask, mean, inverse_deviation, scale, shift;
};
std::array<torch::Tensor, 3> norm_backward(const Table& table, const torch::Tensor& dy, const NormSaved& saved);

}  // namespace digitrec::kernels
