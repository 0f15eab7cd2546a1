#include "kernels/epilogue.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <cassert>

namespace digitrec::kernels {
namespace {

std::vector<int64_t> pooled_sizes(at::IntArrayRef z_sizes) {
  return {z_sizes[0], z_sizes[1], z_sizes[2] / 2, z_sizes[3] / 2};
}

[[maybe_unused]] bool are_options_for(const EpilogueOptions& options, const at::Tensor& z) {
  return is_channel_vector(options.shift, z.size(1)) &&
         (!options.scale.defined() || is_channel_vector(options.scale, z.size(1))) &&
         is_dropout_mask(options.dropout_mask, z.size(0), z.size(1)) &&
         (!options.pool || (z.size(2) >= 2 && z.size(3) >= 2));
}

}  // namespace

EpilogueResult epilogue(const Table& table, const at::Tensor& z, const EpilogueOptions& options, bool needs_codes) {
  assert(is_channels_last(z) && z.size(1) % table.lanes == 0 && are_options_for(options, z));
  const ImageShape shape = image_shape(z);
  const Affine affine{.scale = floats_or_null(options.scale),
                      .shift = floats_or_null(options.shift),
                      .dropout_mask = floats_or_null(options.dropout_mask),
                      .relu = options.relu};
  EpilogueResult result;
  if (!options.pool) {
    result.y = empty_channels_last(z.sizes(), z.options());
    share(z.size(0), [&](int64_t begin, int64_t end) {
      table.affine(shape, const_array(z), affine, array(result.y), begin, end);
    });
    return result;
  }
  result.y = empty_channels_last(pooled_sizes(z.sizes()), z.options());
  if (needs_codes) result.codes = empty_channels_last(pooled_sizes(z.sizes()), z.options().dtype(at::kByte));
  uint8_t* codes = needs_codes ? result.codes.data_ptr<uint8_t>() : nullptr;
  share(z.size(0), [&](int64_t begin, int64_t end) {
    table.affine_pool(shape, const_array(z), affine, array(result.y), codes, begin, end);
  });
  return result;
}

EpilogueGradients epilogue_backward(const Table& table, const at::Tensor& dy, const at::Tensor& y,
                                    const at::Tensor& codes, at::IntArrayRef z_sizes) {
  assert(z_sizes.size() == 4 && z_sizes[1] % table.lanes == 0);
  assert(is_images(dy) && dy.sizes() == (codes.defined() ? at::IntArrayRef(pooled_sizes(z_sizes)) : z_sizes));
  assert(codes.defined() ? codes.sizes() == dy.sizes()
                         : is_channels_last(y) && y.sizes() == dy.sizes() && y.scalar_type() == dy.scalar_type());
  const at::Tensor gradient = channels_last(dy);
  at::Tensor dz = empty_channels_last(z_sizes, dy.options());
  const ImageShape shape = image_shape(dz);
  ThreadSums dshift(shape.channels);
  at::parallel_for(0, dz.size(0), 1, [&](int64_t begin, int64_t end) {
    if (codes.defined()) {
      table.pool_backward(shape, const_array(gradient), codes_or_null(codes), array(dz), dshift.of_this_thread(), begin,
                          end);
    } else {
      table.relu_backward(shape, const_array(gradient), const_array(y), array(dz), dshift.of_this_thread(), begin, end);
    }
  });
  return {.dz = dz, .dshift = dshift.total()};
}

}  // namespace digitrec::kernels
