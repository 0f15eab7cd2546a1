// 3 x 3 convolutions of bfloat16 as products of AMX tiles, straight from the images: nothing is unfolded in memory.
#pragma once

#include "kernels/isa/tile_operands.h"

namespace digitrec::kernels::DIGITREC_ISA::tiled {

// ---- forward, and backward to the input ----

/// Writes `pixels` rows of sums, the first of which is pixel `first` of the span, without those over the end of an
/// image row.
template <class Out>
DIGITREC_INLINE void store_pixels(const ConvShape& shape, const float* sums, int64_t first, int64_t pixels, Out* z) {
  assert(0 <= first && 0 < pixels && first + pixels <= span(shape));
  const int64_t width = shape.padded_width();
  const int64_t out_width = shape.out_width();
  const int64_t stride = shape.out;
  int64_t row = first / width;
  int64_t column = first % width;
  for (int64_t done = 0; done < pixels; ++row, column = 0) {
    const int64_t end = smaller(done + width - column, pixels);
    const int64_t inside = smaller(done + out_width - column, pixels);
    Out* to = z + (row * out_width + column) * stride;
    for (int64_t i = done; i < inside; ++i, to += stride) store_32(to, sums + i * kSumsSide);
    done = end;
  }
}

template <class Out>
void convolve_image(const ConvShape& shape, const bf16* image, const bf16* packed, TileSums& sums, Out* z) {
  assert(image != nullptr && packed != nullptr && z != nullptr);
  const int64_t row = shape.padded_width() * shape.in;
  const int64_t pixels = span(shape);
  for (int64_t out = 0; out < shape.out; out += kSumsSide, packed += 9 * shape.in * kSumsSide) {
    for (int64_t next = 0; next < pixels; next += kSumsSide) {
      // The last sums end with the span and compute pixels again that the ones before have written.
      const bool half = pixels - next <= kTileSide;
      const int64_t first = smaller(next, pixels - (half ? kTileSide : kSumsSide));
      const bf16* right = packed;
      sums.clear();
      for (int64_t r = 0; r < 3; ++r) {
        const bf16* left = image + first * shape.in + r * row;
        for (int64_t k = 0; k < 3 * shape.in; k += kSumsSide, right += kOperandValues) {
          half ? sums.add_upper_product(left + k, shape.in, right) : sums.add_product(left + k, shape.in, right);
        }
      }
      alignas(64) float values[kSumsSide * kSumsSide];
      sums.store(values, kSumsSide);
      store_pixels(shape, values, first, half ? kTileSide : kSumsSide, z + out);
    }
  }
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* memory) {
  assert(fits(shape) && x.type == Type::bf16);
  const Scratch scratch = split_scratch(shape, memory);
  const auto* images = static_cast<const bf16*>(x.data);
  TileSums sums;
  with_type(z, [&](auto* to) {
    for (int64_t n = begin; n < end; ++n) {
      const bf16* image = images + n * shape.height * shape.width * shape.in;
      convolve_image(shape, padded_image(shape, image, scratch.padded), reinterpret_cast<const bf16*>(packed), sums,
                     to + n * shape.out_pixels() * shape.out);
    }
  });
}

// ---- backward to the weights: for each tap, [out, pixels] times [pixels, in] ----

/// Adds the products of `count` of the group's steps, from `first` on, to the gradient of 32 x 32 channels: [out, 9,
/// in].
DIGITREC_INLINE void add_taps(const ConvShape& shape, const bf16* left, const bf16* pairs, int64_t first, int64_t count,
                              TileSums& sums, float* gradient) {
  assert(0 <= first && 0 < count && first + count <= group_size(shape) * steps_of(shape));
  const int64_t steps = steps_of(shape);
  // The taps that begin with an even pixel, then the others: one half of the pairs at a time stays in the cache.
  for (int64_t odd = 0; odd < 2; ++odd) {
    for (int64_t tap = 0; tap < 9; ++tap) {
      const int64_t offset = tap / 3 * shape.padded_width() + tap % 3;
      if (offset % 2 != odd) continue;
      sums.load(gradient + tap * shape.in, 9 * shape.in);
      int64_t image = first / steps;
      int64_t step = first % steps;
      for (int64_t i = first; i < first + count; ++i) {
        const int64_t pair = (image * 2 + odd) * pairs_of(shape) + step * kTileSide + offset / 2;
        sums.add_product(left + i * kOperandValues, kSumsSide, pairs + pair * kPairRowValues);
        if (++step == steps) {
          step = 0;
          ++image;
        }
      }
      sums.store(gradient + tap * shape.in, 9 * shape.in);
    }
  }
}

void weight_gradient(const ConvShape& shape, ConstArray x, ConstArray dz, float* gradient, int64_t begin, int64_t end,
                     float* memory) {
  assert(fits(shape) && x.type == Type::bf16 && dz.type == Type::bf16);
  const Scratch scratch = split_scratch(shape, memory);
  const int64_t group = group_size(shape);
  const int64_t steps = steps_of(shape);
  const int64_t image_pairs = 2 * pairs_of(shape) * kPairRowValues;
  TileSums sums;
  for (int64_t first = begin; first < end; first += group) {
    const int64_t images = smaller(group, end - first);
    for (int64_t n = 0; n < images; ++n) {
      const bf16* image = static_cast<const bf16*>(x.data) + (first + n) * shape.height * shape.width * shape.in;
      pair_image(shape, padded_image(shape, image, scratch.padded), scratch.pairs + n * image_pairs,
                 group * image_pairs);
      transpose_gradient(shape, static_cast<const bf16*>(dz.data) + (first + n) * shape.out_pixels() * shape.out,
                         scratch.left + n * steps * kOperandValues, group * steps * kOperandValues);
    }
    const int64_t rounds = round_up(images * steps, kProductsPerRound) / kProductsPerRound;
    for (int64_t round = 0; round < rounds; ++round) {
      const int64_t from = images * steps * round / rounds;
      const int64_t to = images * steps * (round + 1) / rounds;
      for (int64_t out = 0; out < shape.out; out += kSumsSide) {
        for (int64_t in = 0; in < shape.in; in += kSumsSide) {
          add_taps(shape, scratch.left + out / kSumsSide * group * steps * kOperandValues,
                   scratch.pairs + in / kSumsSide * group * image_pairs, from, to - from, sums,
                   gradient + out * 9 * shape.in + in);
        }
      }
    }
  }
}

}  // namespace digitrec::kernels::DIGITREC_ISA::tiled
