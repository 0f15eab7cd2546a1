#include "kernels/epilogue.h"

#include <ATen/Parallel.h>

namespace digitrec::kernels {
namespace {

const float* floats(const torch::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }

const uint8_t* bytes(const torch::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<uint8_t>() : nullptr;
}

/// Sums by channel: a row for each thread, added up at the end in the same order always.
class ChannelSums {
 public:
  explicit ChannelSums(int64_t channels) : rows_(torch::zeros({at::get_num_threads(), channels}, torch::kFloat32)) {}

  float* of_this_thread() { return rows_.data_ptr<float>() + at::get_thread_num() * rows_.size(1); }
  torch::Tensor total() const { return rows_.sum(0); }

 private:
  torch::Tensor rows_;
};

std::vector<int64_t> pooled_sizes(const torch::Tensor& z) {
  return {z.size(0), z.size(1), z.size(2) / 2, z.size(3) / 2};
}

}  // namespace

EpilogueResult epilogue(const Table& table, const torch::Tensor& z, const EpilogueOptions& options, bool needs_codes) {
  const ImageShape shape = image_shape(z);
  const Affine affine{.scale = floats(options.scale),
                      .shift = floats(options.shift),
                      .dropout_mask = floats(options.mask),
                      .relu = options.relu};
  EpilogueResult result;
  if (!options.pool) {
    result.y = empty_channels_last(z.sizes(), z.options());
    share_images(z.size(0), [&](int64_t begin, int64_t end) {
      table.affine(shape, const_array(z), affine, array(result.y), begin, end);
    });
    return result;
  }
  result.y = empty_channels_last(pooled_sizes(z), z.options());
  if (needs_codes) result.codes = empty_channels_last(pooled_sizes(z), z.options().dtype(torch::kUInt8));
  uint8_t* codes = needs_codes ? result.codes.data_ptr<uint8_t>() : nullptr;
  share_images(z.size(0), [&](int64_t begin, int64_t end) {
    table.affine_pool(shape, const_array(z), affine, array(result.y), codes, begin, end);
  });
  return result;
}

std::array<torch::Tensor, 2> epilogue_backward(const Table& table, const torch::Tensor& dy, const torch::Tensor& y,
                                               const torch::Tensor& codes, at::IntArrayRef z_sizes) {
  const torch::Tensor gradient = channels_last(dy);
  torch::Tensor dz = empty_channels_last(z_sizes, dy.options());
  const ImageShape shape = image_shape(dz);
  ChannelSums dshift(shape.channels);
  at::parallel_for(0, dz.size(0), 1, [&](int64_t begin, int64_t end) {
    if (codes.defined()) {
      table.pool_backward(shape, const_array(gradient), bytes(codes), array(dz), dshift.of_this_thread(), begin, end);
    } else {
      table.relu_backward(shape, const_array(gradient), const_array(y), array(dz), dshift.of_this_thread(), begin, end);
    }
  });
  return {dz, dshift.total()};
}

Moments moments(const Table& table, const torch::Tensor& z) {
  const ImageShape shape = image_shape(z);
  const int64_t images = z.size(0);
  torch::Tensor means = torch::empty({images, shape.channels}, torch::kFloat32);
  torch::Tensor squared_deviations = torch::empty({images, shape.channels}, torch::kFloat32);
  share_images(images, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      table.moments(shape, const_array(z), n, means.data_ptr<float>() + n * shape.channels,
                    squared_deviations.data_ptr<float>() + n * shape.channels);
    }
  });
  // Chan's rule for groups of one size: the squared squared_deviations within, and those of the groups' means.
  const auto pixels = static_cast<double>(shape.pixels());
  const torch::Tensor mean = means.mean(0);
  const torch::Tensor squares = squared_deviations.sum(0) + (means - mean).square_().sum(0).mul_(pixels);
  return {mean, squares / (pixels * static_cast<double>(images))};
}

std::array<torch::Tensor, 3> norm_backward(const Table& table, const torch::Tensor& dy, const NormSaved& saved) {
  const torch::Tensor gradient = channels_last(dy);
  const torch::Tensor& z = saved.z;
  const ImageShape shape = image_shape(z);
  NormBackward pass{floats(saved.mean),
                    floats(saved.inverse_deviation),
                    floats(saved.scale),
                    floats(saved.shift),
                    floats(saved.mask),
                    nullptr,
                    nullptr};
  ChannelSums sums_d(shape.channels);
  ChannelSums sums_dx(shape.channels);
  at::parallel_for(0, z.size(0), 1, [&](int64_t begin, int64_t end) {
    table.norm_sums(shape, const_array(gradient), const_array(z), bytes(saved.codes), pass, sums_d.of_this_thread(),
                    sums_dx.of_this_thread(), begin, end);
  });
  const torch::Tensor dbias = sums_d.total();
  const torch::Tensor dweight = sums_dx.total();
  const auto count = static_cast<double>(z.size(0) * shape.pixels());
  const torch::Tensor mean_dy = dbias / count;
  const torch::Tensor mean_dy_xhat = dweight / count;
  pass.mean_dy = floats(mean_dy);
  pass.mean_dy_xhat = floats(mean_dy_xhat);
  torch::Tensor dz = empty_channels_last(z.sizes(), z.options());
  share_images(z.size(0), [&](int64_t begin, int64_t end) {
    table.norm_backward(shape, const_array(gradient), const_array(z), bytes(saved.codes), pass, array(dz), begin, end);
  });
  return {dz, dweight, dbias};
}

}  // namespace digitrec::kernels
