// 3 x 3 convolutions of bfloat16 as products of tiles (AMX), straight from the images: nothing is unfolded in memory.
//
// The pixels of an image are taken as one row, border and all. A kernel's tap is then an offset into it, the same for
// every output, and 32 neighbours in it are the left operand of a product. Where it runs over the end of an image row,
// the outputs are dropped.
#pragma once

#include "kernels/isa/tiles.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace digitrec::kernels::DIGITREC_ISA::tiled {

using tiles::kHalf;
using tiles::kOperand;
using tiles::kPairRow;
using tiles::kSide;

/// From the first output's pixel to the last's.
DIGITREC_INLINE int64_t span(const ConvShape& shape) {
  return (shape.out_height() - 1) * shape.padded_width() + shape.out_width();
}

DIGITREC_INLINE bool fits(const ConvShape& shape) {
  return tiles::kAvailable && shape.type == Type::bf16 && shape.in % kSide == 0 && shape.out % kSide == 0 &&
         span(shape) >= kSide;
}

DIGITREC_INLINE int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// ---- scratch ----

DIGITREC_INLINE int64_t padded_pixels(const ConvShape& shape) { return shape.padded_height() * shape.padded_width(); }

/// Products along the pixels of one image.
DIGITREC_INLINE int64_t steps_of(const ConvShape& shape) { return round_up(span(shape), kSide) / kSide; }

/// Products between a load and a store of sums to the weights: with few, moving the sums would take longer than adding
/// to them; with many, their operands would not stay in the nearest cache from tap to tap.
constexpr int64_t kChunk = 8;

/// Images at a time, enough for a chunk.
DIGITREC_INLINE int64_t group_of(const ConvShape& shape) { return larger(1, kChunk / steps_of(shape)); }

/// Pairs of pixels, up to the last that the last tap of the last product reads.
DIGITREC_INLINE int64_t pairs_of(const ConvShape& shape) { return steps_of(shape) * kHalf + shape.padded_width() + 1; }

/// One thread's memory.
struct Scratch {
  bf16* padded;  ///< [padded_height, padded_width, in]
  bf16* pairs;   ///< of the images' pixels: [in / 32, group, 2, pairs, 32, 2]; the second of 2 begins with pixel 1
  bf16* left;    ///< the gradients, pixels innermost: left operands [out / 32, group, steps]
};

DIGITREC_INLINE int64_t padded_size(const ConvShape& shape) { return round_up(padded_pixels(shape) * shape.in, kSide); }
DIGITREC_INLINE int64_t pairs_size(const ConvShape& shape) {
  return group_of(shape) * 2 * pairs_of(shape) * 2 * shape.in;
}
DIGITREC_INLINE int64_t left_size(const ConvShape& shape) {
  return group_of(shape) * steps_of(shape) * kSide * shape.out;
}

DIGITREC_INLINE Scratch split_scratch(const ConvShape& shape, float* memory) {
  bf16* padded = reinterpret_cast<bf16*>(memory);
  bf16* pairs = padded + padded_size(shape);
  return {padded, pairs, pairs + pairs_size(shape)};
}

int64_t scratch_size(const ConvShape& shape) { return (padded_size(shape) + pairs_size(shape) + left_size(shape)) / 2; }

/// The image with a border of zeros, or where it is, if it needs none.
DIGITREC_INLINE const bf16* padded_image(const ConvShape& shape, const bf16* image, bf16* padded) {
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

// ---- pairs of values of bfloat16 ----

DIGITREC_INLINE Bits rounded_bits(const bf16* from) { return __builtin_convertvector(load_bytes<Halves>(from), Bits); }
DIGITREC_INLINE Bits rounded_bits(const float* from) {
  bf16 rounded[kWidth];
  store(rounded, load(from));
  return rounded_bits(rounded);
}

/// to[i] = the pair upper[i], lower[i] for 16 values of each; a null pointer stands for zeros.
template <class T>
DIGITREC_INLINE void pair_rows(const T* upper, const T* lower, uint32_t* to) {
  for (int64_t i = 0; i < kHalf; i += kWidth) {
    Bits pairs{};
    if (upper != nullptr) pairs |= rounded_bits(upper + i);
    if (lower != nullptr) pairs |= rounded_bits(lower + i) << 16;
    __builtin_memcpy(to + i, &pairs, sizeof(pairs));
  }
}

/// to[c][r] = from[r][c], `to_stride` values from row to row of the result.
DIGITREC_INLINE void transpose(const uint32_t (&from)[kHalf][kHalf], uint32_t* to, int64_t to_stride) {
#if defined(__AVX512F__)
  __m512i rows[2][kHalf];
  __builtin_memcpy(rows[0], from, sizeof(rows[0]));
  // Blocks of 1, 2, 4 and 8 on a side change places with those across the diagonal.
#pragma GCC unroll 4
  for (int step = 0; step < 4; ++step) {
    const int side = 1 << step;
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __mmask16 moves = _mm512_test_epi32_mask(lane, _mm512_set1_epi32(side));
    const __m512i low = _mm512_mask_add_epi32(lane, moves, lane, _mm512_set1_epi32(kHalf - side));
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(side));
#pragma GCC unroll 16
    for (int r = 0; r < kHalf; ++r) {
      if ((r & side) != 0) continue;
      const __m512i upper = rows[step % 2][r];
      const __m512i lower = rows[step % 2][r + side];
      rows[(step + 1) % 2][r] = _mm512_permutex2var_epi32(upper, low, lower);
      rows[(step + 1) % 2][r + side] = _mm512_permutex2var_epi32(upper, high, lower);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kHalf; ++r) _mm512_storeu_si512(to + r * to_stride, rows[0][r]);
#else
  for (int64_t r = 0; r < kHalf; ++r) {
    for (int64_t c = 0; c < kHalf; ++c) __builtin_memcpy(to + c * to_stride + r, &from[r][c], sizeof(uint32_t));
  }
#endif
}

// ---- weights: [out, 3, 3, in] in PyTorch's channels-last order; packed: right operands [out / 32, 9, in / 32] ----

/// Room for the gradient as well, which lies as the weights do.
int64_t packed_size(const ConvShape& shape) { return 9 * shape.in * shape.out; }

void pack_weights(const ConvShape& shape, const float* weight, float* packed) {
  auto* to = reinterpret_cast<uint32_t*>(packed);
  for (int64_t out = 0; out < shape.out; out += kSide) {
    for (int64_t k = 0; k < 9 * shape.in; k += kSide, to += kOperand / 2) {
      for (int64_t half = 0; half < kSide; half += kHalf) {
        uint32_t rows[kHalf][kHalf];
        for (int64_t i = 0; i < kHalf; ++i) {
          const float* from = weight + (out + half + i) * 9 * shape.in + k;
          store_32(reinterpret_cast<bf16*>(rows[i]), from);
        }
        transpose(rows, to + half, kSide);
      }
    }
  }
}

/// `shape` is that of the convolution backwards, from its `in` channels to its `out`.
void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  auto* to = reinterpret_cast<uint32_t*>(packed);
  for (int64_t out = 0; out < shape.out; out += kSide) {
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t in = 0; in < shape.in; in += 2) {
        const float* upper = weight + (in * 9 + (8 - tap)) * shape.out + out;
        for (int64_t half = 0; half < kSide; half += kHalf, to += kHalf) {
          pair_rows(upper + half, upper + half + 9 * shape.out, to);
        }
      }
    }
  }
}

void unpack_weights(const ConvShape& shape, const float* packed, float* weight) {
  __builtin_memcpy(weight, packed, static_cast<uint64_t>(packed_size(shape)) * sizeof(float));
}

// ---- forward, and backward to the input ----

/// Writes `pixels` rows of sums, the first of which is pixel `first` of the span, except those over the end of a row.
template <class Out>
DIGITREC_INLINE void store_pixels(const ConvShape& shape, const float* sums, int64_t first, int64_t pixels, Out* z) {
  const int64_t width = shape.padded_width();
  const int64_t out_width = shape.out_width();
  const int64_t stride = shape.out;
  int64_t row = first / width;
  int64_t column = first % width;
  for (int64_t done = 0; done < pixels; ++row, column = 0) {
    const int64_t end = smaller(done + width - column, pixels);
    const int64_t inside = smaller(done + out_width - column, pixels);
    Out* to = z + (row * out_width + column) * stride;
    for (int64_t i = done; i < inside; ++i, to += stride) store_32(to, sums + i * kSide);
    done = end;
  }
}

template <class Out>
void convolve_image(const ConvShape& shape, const bf16* image, const bf16* packed, tiles::Sums& sums, Out* z) {
  const int64_t row = shape.padded_width() * shape.in;
  const int64_t pixels = span(shape);
  for (int64_t out = 0; out < shape.out; out += kSide, packed += 9 * shape.in * kSide) {
    for (int64_t next = 0; next < pixels; next += kSide) {
      // The last block ends with the image, over pixels that the one before has done.
      const bool half = pixels - next <= kHalf;
      const int64_t first = smaller(next, pixels - (half ? kHalf : kSide));
      const bf16* right = packed;
      sums.clear();
      for (int64_t r = 0; r < 3; ++r) {
        const bf16* left = image + first * shape.in + r * row;
        for (int64_t k = 0; k < 3 * shape.in; k += kSide, right += kOperand) {
          half ? sums.add_upper_product(left + k, shape.in, right) : sums.add_product(left + k, shape.in, right);
        }
      }
      alignas(64) float block[kSide * kSide];
      sums.store(block, kSide);
      store_pixels(shape, block, first, half ? kHalf : kSide, z + out);
    }
  }
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* memory) {
  const Scratch scratch = split_scratch(shape, memory);
  const auto* images = static_cast<const bf16*>(x.data);
  tiles::Sums sums;
  with_type(z, [&](auto* to) {
    for (int64_t n = begin; n < end; ++n) {
      const bf16* image = images + n * shape.height * shape.width * shape.in;
      convolve_image(shape, padded_image(shape, image, scratch.padded), reinterpret_cast<const bf16*>(packed), sums,
                     to + n * shape.out_pixels() * shape.out);
    }
  });
}

// ---- backward to the weights: for each tap, [out, pixels] times [pixels, in] ----

/// Writes the image's pixels in pairs, zeros behind them: 32 channels, then the next 32 `stride` values on.
DIGITREC_INLINE void pair_image(const ConvShape& shape, const bf16* image, bf16* pairs, int64_t stride) {
  const int64_t pixels = padded_pixels(shape);
  for (int64_t first = 0; first < 2; ++first) {
    for (int64_t pair = 0; pair < pairs_of(shape); ++pair, pairs += kPairRow) {
      const int64_t pixel = 2 * pair + first;
      const bf16* upper = pixel < pixels ? image + pixel * shape.in : nullptr;
      const bf16* lower = pixel + 1 < pixels ? image + (pixel + 1) * shape.in : nullptr;
      for (int64_t in = 0; in < shape.in; in += kHalf) {
        pair_rows(upper == nullptr ? nullptr : upper + in, lower == nullptr ? nullptr : lower + in,
                  reinterpret_cast<uint32_t*>(pairs + in / kSide * stride + in % kSide * 2));
      }
    }
  }
}

/// Writes the gradient of an image as left operands, zeros at the pixels over the end of a row: 32 channels, then the
/// next 32 `stride` values on.
DIGITREC_INLINE void turn_gradient(const ConvShape& shape, const bf16* dz, bf16* left, int64_t stride) {
  int64_t h = 0;
  int64_t w = 0;
  const auto next = [&] {
    const bool inside = h < shape.out_height() && w < shape.out_width();
    const bf16* pixel = inside ? dz + (h * shape.out_width() + w) * shape.out : nullptr;
    if (++w == shape.padded_width()) {
      w = 0;
      ++h;
    }
    return pixel;
  };
  for (int64_t step = 0; step < steps_of(shape); ++step, left += kOperand) {
    const bf16* pixels[kSide];
    for (const bf16*& pixel : pixels) pixel = next();
    for (int64_t out = 0; out < shape.out; out += kHalf) {
      uint32_t rows[kHalf][kHalf];
      for (int64_t i = 0; i < kHalf; ++i) {
        const bf16* upper = pixels[2 * i];
        const bf16* lower = pixels[2 * i + 1];
        pair_rows(upper == nullptr ? nullptr : upper + out, lower == nullptr ? nullptr : lower + out, rows[i]);
      }
      transpose(rows, reinterpret_cast<uint32_t*>(left + out / kSide * stride + out % kSide * kSide), kHalf);
    }
  }
}

/// Adds `count` of the group's products, from `first` on, to the gradient of 32 x 32 channels: [out, 9, in].
DIGITREC_INLINE void add_taps(const ConvShape& shape, const bf16* left, const bf16* pairs, int64_t first, int64_t count,
                              tiles::Sums& sums, float* gradient) {
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
        const int64_t pair = (image * 2 + odd) * pairs_of(shape) + step * kHalf + offset / 2;
        sums.add_product(left + i * kOperand, kSide, pairs + pair * kPairRow);
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
  const Scratch scratch = split_scratch(shape, memory);
  const int64_t group = group_of(shape);
  const int64_t steps = steps_of(shape);
  const int64_t image_pairs = 2 * pairs_of(shape) * kPairRow;
  tiles::Sums sums;
  for (int64_t first = begin; first < end; first += group) {
    const int64_t images = smaller(group, end - first);
    for (int64_t n = 0; n < images; ++n) {
      const bf16* image = static_cast<const bf16*>(x.data) + (first + n) * shape.height * shape.width * shape.in;
      pair_image(shape, padded_image(shape, image, scratch.padded), scratch.pairs + n * image_pairs,
                 group * image_pairs);
      turn_gradient(shape, static_cast<const bf16*>(dz.data) + (first + n) * shape.out_pixels() * shape.out,
                    scratch.left + n * steps * kOperand, group * steps * kOperand);
    }
    const int64_t chunks = round_up(images * steps, kChunk) / kChunk;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const int64_t from = images * steps * chunk / chunks;
      const int64_t to = images * steps * (chunk + 1) / chunks;
      for (int64_t out = 0; out < shape.out; out += kSide) {
        for (int64_t in = 0; in < shape.in; in += kSide) {
          add_taps(shape, scratch.left + out / kSide * group * steps * kOperand,
                   scratch.pairs + in / kSide * group * image_pairs, from, to - from, sums,
                   gradient + out * 9 * shape.in + in);
        }
      }
    }
  }
}

}  // namespace digitrec::kernels::DIGITREC_ISA::tiled
