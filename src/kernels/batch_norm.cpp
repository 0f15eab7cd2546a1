#include "kernels/batch_norm.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <cassert>

namespace digitrec::kernels {
namespace {

[[maybe_unused]] bool are_gradients_of(const at::Tensor& dy, const SavedNorm& saved) {
  const at::Tensor& z = saved.z;
  const int64_t window = saved.codes.defined() ? 2 : 1;
  return is_images(dy) && dy.scalar_type() == z.scalar_type() && dy.size(0) == z.size(0) && dy.size(1) == z.size(1) &&
         dy.size(2) == z.size(2) / window && dy.size(3) == z.size(3) / window &&
         (!saved.codes.defined() || saved.codes.sizes() == dy.sizes());
}

[[maybe_unused]] bool is_saved_norm(const SavedNorm& saved) {
  if (!is_channels_last(saved.z)) return false;
  const int64_t channels = saved.z.size(1);
  return is_dropout_mask(saved.dropout_mask, saved.z.size(0), channels) && is_channel_vector(saved.mean, channels) &&
         is_channel_vector(saved.inverse_deviation, channels) && is_channel_vector(saved.scale, channels) &&
         is_channel_vector(saved.shift, channels);
}

}  // namespace

bool is_norm_of(const BatchNorm& norm, int64_t channels) {
  return is_channel_vector(norm.weight, channels) && is_channel_vector(norm.bias, channels) &&
         is_channel_vector(norm.running_mean, channels) && is_channel_vector(norm.running_var, channels);
}

ScaleShift fold(const BatchNorm& norm, const at::Tensor& conv_bias) {
  assert(is_norm_of(norm, norm.weight.numel()));
  assert(!conv_bias.defined() || is_channel_vector(conv_bias, norm.weight.numel()));
  const at::Tensor scale = norm.weight * (norm.running_var + norm.epsilon).rsqrt_();
  at::Tensor shift = norm.bias - norm.running_mean * scale;
  if (conv_bias.defined()) shift += conv_bias * scale;
  return {.scale = scale, .shift = shift};
}

Moments moments(const Table& table, const at::Tensor& z) {
  assert(is_channels_last(z) && z.size(0) > 0 && z.size(1) % table.lanes == 0);
  const ImageShape shape = image_shape(z);
  const int64_t images = z.size(0);
  at::Tensor means = at::empty({images, shape.channels}, at::kFloat);
  at::Tensor deviations = at::empty({images, shape.channels}, at::kFloat);
  share(images, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      table.moments(shape, const_array(z), n, means.data_ptr<float>() + n * shape.channels,
                    deviations.data_ptr<float>() + n * shape.channels);
    }
  });
  // Chan's rule for parts of one size, the images: the squared deviations within, and those of the parts' means.
  const auto pixels = static_cast<double>(shape.pixels());
  const at::Tensor mean = means.mean(0);
  const at::Tensor squares = deviations.sum(0) + (means - mean).square_().sum(0).mul_(pixels);
  return {.mean = mean, .variance = squares / (pixels * static_cast<double>(images))};
}

void move_running_statistics(const BatchNorm& norm, const Moments& batch, const at::Tensor& conv_bias, int64_t count) {
  assert(is_norm_of(norm, batch.mean.numel()) && is_channel_vector(batch.variance, batch.mean.numel()));
  assert(!conv_bias.defined() || is_channel_vector(conv_bias, batch.mean.numel()));
  assert(count >= 2);
  const at::Tensor mean = conv_bias.defined() ? batch.mean + conv_bias.detach() : batch.mean;
  norm.running_mean.lerp_(mean, norm.momentum);
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  norm.running_var.lerp_(batch.variance * unbiased, norm.momentum);
}

NormGradients norm_backward(const Table& table, const at::Tensor& dy, const SavedNorm& saved) {
  assert(is_saved_norm(saved) && saved.z.size(1) % table.lanes == 0);
  assert(are_gradients_of(dy, saved));
  const at::Tensor gradient = channels_last(dy);
  const at::Tensor& z = saved.z;
  const ImageShape shape = image_shape(z);
  NormBackward pass{.mean = floats_or_null(saved.mean),
                    .inverse_deviation = floats_or_null(saved.inverse_deviation),
                    .scale = floats_or_null(saved.scale),
                    .shift = floats_or_null(saved.shift),
                    .dropout_mask = floats_or_null(saved.dropout_mask),
                    .mean_dy = nullptr,
                    .mean_dy_xhat = nullptr};
  ThreadSums sum_dy(shape.channels);
  ThreadSums sum_dy_xhat(shape.channels);
  at::parallel_for(0, z.size(0), 1, [&](int64_t begin, int64_t end) {
    table.norm_sums(shape, const_array(gradient), const_array(z), codes_or_null(saved.codes), pass,
                    sum_dy.of_this_thread(), sum_dy_xhat.of_this_thread(), begin, end);
  });
  const at::Tensor dbias = sum_dy.total();
  const at::Tensor dweight = sum_dy_xhat.total();
  const auto count = static_cast<double>(z.size(0) * shape.pixels());
  const at::Tensor mean_dy = dbias / count;
  const at::Tensor mean_dy_xhat = dweight / count;
  pass.mean_dy = floats_or_null(mean_dy);
  pass.mean_dy_xhat = floats_or_null(mean_dy_xhat);
  at::Tensor dz = empty_channels_last(z.sizes(), z.options());
  share(z.size(0), [&](int64_t begin, int64_t end) {
    table.norm_backward(shape, const_array(gradient), const_array(z), codes_or_null(saved.codes), pass, array(dz),
                        begin, end);
  });
  return {.dz = dz, .dweight = dweight, .dbias = dbias};
}

}  // namespace digitrec::kernels
