// What the kernels assert of their arguments. Predicates alone: an assert that is off leaves no code of them.
#pragma once

#include "kernels/isa/register_block.h"

#include <cassert>

namespace digitrec::kernels::DIGITREC_ISA {

constexpr uint64_t kCacheLine = 64;  ///< bytes

/// Not null, and a multiple of `bytes`.
DIGITREC_INLINE bool is_aligned(const void* pointer, uint64_t bytes) {
  return pointer != nullptr && reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

DIGITREC_INLINE bool is_floats(const float* pointer) { return is_aligned(pointer, alignof(float)); }
DIGITREC_INLINE bool is_floats_or_null(const float* pointer) { return pointer == nullptr || is_floats(pointer); }

DIGITREC_INLINE bool is_array(ConstArray array) {
  return (array.type == Type::f32 && is_aligned(array.data, alignof(float))) ||
         (array.type == Type::bf16 && is_aligned(array.data, alignof(bf16)));
}
DIGITREC_INLINE bool is_array(Array array) { return is_array(ConstArray{.data = array.data, .type = array.type}); }

/// Of images.
DIGITREC_INLINE bool is_range(int64_t begin, int64_t end) { return 0 <= begin && begin <= end; }

/// One that the kernels take: whole register blocks of channels, a border within reach of the taps, an output.
DIGITREC_INLINE bool is_convolution(const ConvShape& shape) {
  return shape.height > 0 && shape.width > 0 && 0 <= shape.padding && shape.padding <= 2 && shape.out_height() > 0 &&
         shape.out_width() > 0 && shape.out > 0 && shape.out % kBlockChannels == 0 &&
         (shape.in == 1 || (shape.in > 0 && shape.in % kBlockChannels == 0)) &&
         (shape.type == Type::f32 || shape.type == Type::bf16);
}

DIGITREC_INLINE bool is_image(const ImageShape& shape) {
  return shape.height > 0 && shape.width > 0 && shape.channels > 0 && shape.channels % kLanes == 0;
}

DIGITREC_INLINE bool is_affine(const Affine& f) {
  return is_floats_or_null(f.scale) && is_floats(f.shift) && is_floats_or_null(f.dropout_mask);
}

/// What both passes of batch normalisation's backward need.
DIGITREC_INLINE bool is_norm(const NormBackward& b) {
  return is_floats(b.mean) && is_floats(b.inverse_deviation) && is_floats(b.scale) && is_floats(b.shift) &&
         is_floats_or_null(b.dropout_mask);
}

}  // namespace digitrec::kernels::DIGITREC_ISA
