// Batch normalisation in its parts: statistics, scale and shift, and the way back through it and what follows it.
#pragma once

#include "kernels/tensors.h"

#include <ATen/core/Tensor.h>

#include <tuple>

namespace digitrec::kernels {

/// Batch normalisation's tensors, PyTorch's names: float32 [channels].
struct BatchNorm {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_var;
  double momentum = 0.1;
  double epsilon = 1e-5;
};

/// Whether all tensors are float32 [channels].
bool is_norm_of(const BatchNorm& norm, int64_t channels);

/// z * scale + shift by channel: float32 [channels].
struct ScaleShift {
  at::Tensor scale;
  at::Tensor shift;
};

/// A convolution's bias, float32 [channels] or undefined, and batch normalisation with its running statistics.
ScaleShift fold(const BatchNorm& norm, const at::Tensor& conv_bias);

/// Mean and biased variance of each channel over images, rows and columns: float32 [channels].
struct Moments {
  at::Tensor mean;
  at::Tensor variance;
};

/// z: float32 or bfloat16 [N, channels, H, W] in channels-last order, N of at least 1.
Moments moments(const Table& table, const at::Tensor& z);

/// Moves the running statistics towards those of a batch of `count` values a channel, at least 2. `conv_bias`, float32
/// [channels] or undefined, is what the batch lacks: a bias only shifts the mean.
void move_running_statistics(const BatchNorm& norm, const Moments& batch, const at::Tensor& conv_bias, int64_t count);

/// What the backward pass needs of y = dropout_mask * relu(pool(weight * (z - mean) * inverse_deviation + bias)).
struct SavedNorm {
  at::Tensor z;                  ///< [N, channels, H, W] in channels-last order
  at::Tensor codes;              ///< of the pooling windows, uint8 [N, channels, H / 2, W / 2]; undefined without
  at::Tensor dropout_mask;       ///< float32 [N, channels] or undefined
  at::Tensor mean;               ///< of z, float32 [channels], as the next three
  at::Tensor inverse_deviation;  ///< of z
  at::Tensor scale;              ///< weight * inverse_deviation
  at::Tensor shift;              ///< bias - mean * scale

  auto tensors() { return std::tie(z, codes, dropout_mask, mean, inverse_deviation, scale, shift); }
};

struct NormGradients {
  at::Tensor dz;       ///< of z's shape and type
  at::Tensor dweight;  ///< float32 [channels]
  at::Tensor dbias;    ///< float32 [channels]
};

/// Gradients of z, of batch normalisation's weight and of its bias, with mean and deviation those of z itself. dy is of
/// z's type and y's shape.
NormGradients norm_backward(const Table& table, const at::Tensor& dy, const SavedNorm& saved);

}  // namespace digitrec::kernels
