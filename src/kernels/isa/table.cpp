// Compiled once for each instruction set, into a namespace of its own.
#include "kernels/isa/adam.h"
#include "kernels/isa/batch_norm.h"
#include "kernels/isa/direct.h"
#include "kernels/isa/epilogue.h"
#include "kernels/isa/linear.h"
#include "kernels/isa/tiled.h"
#include "kernels/isa/winograd.h"

#define DIGITREC_NAME_OF(isa) #isa
#define DIGITREC_NAME(isa) DIGITREC_NAME_OF(isa)

namespace digitrec::kernels::DIGITREC_ISA {

namespace {

// Each convolution by the fastest method that takes it.
#define DIGITREC_CONVOLUTION(function, ...)                  \
  (tiled::fits(shape)      ? tiled::function(__VA_ARGS__)    \
   : winograd::pays(shape) ? winograd::function(__VA_ARGS__) \
                           : direct::function(__VA_ARGS__))

// What every method needs is asserted here, what one needs beyond that at its own functions.

bool uses_tiles(const ConvShape& shape) {
  assert(is_convolution(shape));
  return tiled::fits(shape);
}

int64_t packed_size(const ConvShape& shape) {
  assert(is_convolution(shape));
  return DIGITREC_CONVOLUTION(packed_size, shape);
}

int64_t scratch_size(const ConvShape& shape) {
  assert(is_convolution(shape));
  return DIGITREC_CONVOLUTION(scratch_size, shape);
}

void pack_weights(const ConvShape& shape, const float* weight, float* packed) {
  assert(is_convolution(shape));
  assert(is_floats(weight) && is_aligned(packed, kCacheLine) && weight != packed);
  DIGITREC_CONVOLUTION(pack_weights, shape, weight, packed);
}

void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  assert(is_convolution(shape));
  assert(is_floats(weight) && is_aligned(packed, kCacheLine) && weight != packed);
  DIGITREC_CONVOLUTION(pack_weights_backward, shape, weight, packed);
}

void unpack_weights(const ConvShape& shape, const float* packed, float* weight) {
  assert(is_convolution(shape));
  assert(is_floats(packed) && is_floats(weight) && weight != packed);
  DIGITREC_CONVOLUTION(unpack_weights, shape, packed, weight);
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* scratch) {
  assert(is_convolution(shape) && is_range(begin, end));
  assert(is_array(x) && x.type == shape.type);
  assert(is_array(z) && z.data != x.data);
  assert(is_aligned(packed, kCacheLine) && is_aligned(scratch, kCacheLine) && packed != scratch);
  DIGITREC_CONVOLUTION(convolve, shape, x, packed, z, begin, end, scratch);
}

void weight_gradient(const ConvShape& shape, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                     float* scratch) {
  assert(is_convolution(shape) && is_range(begin, end));
  assert(is_array(x) && x.type == shape.type);
  assert(is_array(dz) && (dz.type == Type::bf16 || shape.type == Type::f32));
  assert(is_floats(packed) && is_aligned(scratch, kCacheLine) && packed != scratch);
  DIGITREC_CONVOLUTION(weight_gradient, shape, x, dz, packed, begin, end, scratch);
}

}  // namespace

const Table& table() {
  static constexpr Table kTable{
      .name = DIGITREC_NAME(DIGITREC_ISA),
      .block_channels = kBlockChannels,
      .lanes = kLanes,
      .uses_tiles = uses_tiles,
      .packed_size = packed_size,
      .pack_weights = pack_weights,
      .pack_weights_backward = pack_weights_backward,
      .unpack_weights = unpack_weights,
      .scratch_size = scratch_size,
      .convolve = convolve,
      .weight_gradient = weight_gradient,
      .affine = affine,
      .affine_pool = affine_pool,
      .relu_backward = relu_backward,
      .pool_backward = pool_backward,
      .moments = moments,
      .norm_sums = norm_sums,
      .norm_backward = norm_backward,
      .linear = linear,
      .linear_scratch_size = linear_scratch_size,
      .linear_weight_gradient = linear_weight_gradient,
      .linear_input_gradient = linear_input_gradient,
      .adam = adam,
  };
  return kTable;
}

}  // namespace digitrec::kernels::DIGITREC_ISA
