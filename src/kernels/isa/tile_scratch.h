// Which convolutions the tiled method takes, and how it lays out an image in a thread's scratch.
//
// The pixels of an image, border and all, are one row of memory. A tap is then an offset into it, the same for every
// output, and 32 neighbours in it are the left operand of a product. Outputs over the end of an image row are dropped.
#pragma once

#include "kernels/isa/tile_sums.h"

namespace digitrec::kernels::DIGITREC_ISA::tiled {

/// Pixels of the padded image from the first output's to the last's.
DIGITREC_INLINE int64_t span(const ConvShape& shape) {
  return (shape.out_height() - 1) * shape.padded_width() + shape.out_width();
}

DIGITREC_INLINE bool fits(const ConvShape& shape) {
  return kHasTiles && shape.type == Type::bf16 && shape.in % kSumsSide == 0 && shape.out % kSumsSide == 0 &&
         span(shape) >= kSumsSide;
}

DIGITREC_INLINE int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// ---- scratch ----

DIGITREC_INLINE int64_t padded_pixels(const ConvShape& shape) { return shape.padded_height() * shape.padded_width(); }

/// Steps of 32 pixels along an image: a product takes one.
DIGITREC_INLINE int64_t steps_of(const ConvShape& shape) { return round_up(span(shape), kSumsSide) / kSumsSide; }

/// Products of a round, between a load and a store of the weights' sums: with few, moving the sums would take longer
/// than adding to them; with many, their operands would not stay in the first-level cache from tap to tap.
constexpr int64_t kProductsPerRound = 8;

/// Images handled together, enough for a round.
DIGITREC_INLINE int64_t group_size(const ConvShape& shape) { return larger(1, kProductsPerRound / steps_of(shape)); }

/// Pairs of pixels of an image, up to the last that the last tap of the last step reads.
DIGITREC_INLINE int64_t pairs_of(const ConvShape& shape) {
  return steps_of(shape) * kTileSide + shape.padded_width() + 1;
}

/// One thread's memory for a group of images.
struct Scratch {
  bf16* padded;  ///< [padded_height, padded_width, in]
  bf16* pairs;   ///< of pixels: [in / 32, group, 2, pairs, 32, 2]; those of even pixels with the next, then of odd ones
  bf16* left;    ///< the gradients, pixels innermost: left operands [out / 32, group, steps]
};

DIGITREC_INLINE int64_t padded_size(const ConvShape& shape) {
  return round_up(padded_pixels(shape) * shape.in, kSumsSide);
}
DIGITREC_INLINE int64_t pairs_size(const ConvShape& shape) {
  return group_size(shape) * 2 * pairs_of(shape) * 2 * shape.in;
}
DIGITREC_INLINE int64_t left_size(const ConvShape& shape) {
  return group_size(shape) * steps_of(shape) * kSumsSide * shape.out;
}

DIGITREC_INLINE Scratch split_scratch(const ConvShape& shape, float* memory) {
  bf16* padded = reinterpret_cast<bf16*>(memory);
  bf16* pairs = padded + padded_size(shape);
  return {.padded = padded, .pairs = pairs, .left = pairs + pairs_size(shape)};
}

/// Floats: two values of bfloat16 each.
int64_t scratch_size(const ConvShape& shape) { return (padded_size(shape) + pairs_size(shape) + left_size(shape)) / 2; }

/// The image with a border of zeros, or where it is, if it needs none.
DIGITREC_INLINE const bf16* padded_image(const ConvShape& shape, const bf16* image, bf16* padded) {
  assert(image != nullptr && padded != nullptr);
  if (shape.padding == 0) return image;
  const int64_t row = shape.padded_width() * shape.in;
  const int64_t border = shape.padding * shape.in;
  const auto clear = [](bf16* from, int64_t count) { __builtin_memset(from, 0, static_cast<uint64_t>(count) * 2); };
  clear(padded, shape.padding * row);
  bf16* to = padded + shape.padding * row;
  for (int64_t h = 0; h < shape.height; ++h, to += row, image += shape.width * shape.in) {
    clear(to, border);
    __builtin_memcpy(to + border, image, static_cast<uint64_t>(shape.width * shape.in) * 2);
    clear(to + row - border, border);
  }
  clear(to, shape.padding * row);
  return padded;
}

}  // namespace digitrec::kernels::DIGITREC_ISA::tiled
