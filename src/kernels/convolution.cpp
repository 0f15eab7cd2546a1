#include "kernels/convolution.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cassert>

namespace digitrec::kernels {
namespace {

ConvShape conv_shape(const at::Tensor& x, int64_t out, int64_t padding) {
  assert(is_images(x));
  return {.height = x.size(2),
          .width = x.size(3),
          .in = x.size(1),
          .out = out,
          .padding = padding,
          .type = x.scalar_type() == at::kFloat ? Type::f32 : Type::bf16};
}

/// float32 [out, in, 3, 3] of channels that the kernels take.
[[maybe_unused]] bool is_weight(const Table& table, const at::Tensor& weight) {
  return is_images(weight) && weight.scalar_type() == at::kFloat && weight.size(2) == 3 && weight.size(3) == 3 &&
         can_convolve(table, weight.size(1), weight.size(0));
}

[[maybe_unused]] bool is_output(const at::Tensor& z, const at::Tensor& x, const ConvShape& shape) {
  return is_images(z) && z.size(0) == x.size(0) && z.size(1) == shape.out && z.size(2) == shape.out_height() &&
         z.size(3) == shape.out_width();
}

/// For the convolution that the calling thread works on.
float* packed_weights(int64_t floats) {
  thread_local LineAlignedFloats packed;
  return packed.at_least(floats);
}

/// Convolves with packed weights, the images shared out among the threads.
at::Tensor convolve_packed(const Table& table, const ConvShape& shape, const at::Tensor& x, const float* packed,
                           at::ScalarType type) {
  at::Tensor z =
      empty_channels_last({x.size(0), shape.out, shape.out_height(), shape.out_width()}, x.options().dtype(type));
  share(x.size(0), [&](int64_t begin, int64_t end) {
    float* scratch = scratch_of_thread(table.scratch_size(shape));
    table.convolve(shape, const_array(x), packed, array(z), begin, end, scratch);
  });
  return z;
}

at::Tensor weight_gradient(const Table& table, const ConvShape& shape, const at::Tensor& x, const at::Tensor& dz,
                           const at::Tensor& weight) {
  ThreadSums sums(table.packed_size(shape));
  at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
    float* scratch = scratch_of_thread(table.scratch_size(shape));
    table.weight_gradient(shape, const_array(x), const_array(dz), sums.of_this_thread(), begin, end, scratch);
  });
  const at::Tensor packed = sums.total();
  at::Tensor gradient = empty_channels_last(weight.sizes(), weight.options());
  table.unpack_weights(shape, packed.const_data_ptr<float>(), gradient.data_ptr<float>());
  return gradient;
}

}  // namespace

bool can_convolve(const Table& table, int64_t in, int64_t out) {
  return out % table.block_channels == 0 && (in == 1 || in % table.block_channels == 0);
}

bool uses_tiles(const Table& table, const at::Tensor& x, int64_t out, int64_t padding) {
  assert(can_convolve(table, x.size(1), out));
  return table.uses_tiles(conv_shape(x, out, padding));
}

at::Tensor convolve(const Table& table, const at::Tensor& x, const at::Tensor& weight, int64_t padding,
                    at::ScalarType type) {
  assert(is_images(x) && is_weight(table, weight) && x.size(1) == weight.size(1));
  assert(type == at::kFloat || type == at::kBFloat16);
  const ConvShape shape = conv_shape(x, weight.size(0), padding);
  const at::Tensor ordered = channels_last(weight);
  float* packed = packed_weights(table.packed_size(shape));
  table.pack_weights(shape, ordered.const_data_ptr<float>(), packed);
  return convolve_packed(table, shape, channels_last(x), packed, type);
}

ConvGradients convolve_backward(const Table& table, const at::Tensor& dz, const at::Tensor& x, const at::Tensor& weight,
                                int64_t padding, bool needs_input) {
  assert(is_images(x) && is_weight(table, weight) && x.size(1) == weight.size(1));
  assert(!needs_input || x.size(1) > 1);
  const ConvShape shape = conv_shape(x, weight.size(0), padding);
  assert(is_output(dz, x, shape));
  const at::Tensor gradient = channels_last(shape.type == Type::bf16 ? dz.to(at::kBFloat16) : dz);
  ConvGradients gradients;
  if (needs_input) {
    const ConvShape back = conv_shape(gradient, shape.in, 2 - padding);
    const at::Tensor ordered = channels_last(weight);
    float* packed = packed_weights(table.packed_size(back));
    table.pack_weights_backward(back, ordered.const_data_ptr<float>(), packed);
    gradients.dx = convolve_packed(table, back, gradient, packed, x.scalar_type());
  }
  gradients.dweight = weight_gradient(table, shape, channels_last(x), gradient, weight);
  return gradients;
}

}  // namespace digitrec::kernels
