// Operands of the tiled method: weights, images and gradients as AMX tiles take them.
#pragma once

#include "kernels/isa/tile_scratch.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace digitrec::kernels::DIGITREC_ISA::tiled {

// ---- pairs of values of bfloat16 ----

/// The bits of bfloat16 values, each in 32.
DIGITREC_INLINE Bits rounded_bits(const bf16* from) { return __builtin_convertvector(load_bytes<Halves>(from), Bits); }
DIGITREC_INLINE Bits rounded_bits(const float* from) {
  bf16 rounded[kLanes];
  store(rounded, load(from));
  return rounded_bits(rounded);
}

/// to[i] = the pair upper[i], lower[i] for 16 values of each. nullptr: zeros.
template <class T>
DIGITREC_INLINE void pair_rows(const T* upper, const T* lower, uint32_t* to) {
  assert(to != nullptr);
  for (int64_t i = 0; i < kTileSide; i += kLanes) {
    Bits pairs{};
    if (upper != nullptr) pairs |= rounded_bits(upper + i);
    if (lower != nullptr) pairs |= rounded_bits(lower + i) << 16;
    __builtin_memcpy(to + i, &pairs, sizeof(pairs));
  }
}

/// to[c][r] = from[r][c], `to_stride` values from row to row of the result.
DIGITREC_INLINE void transpose(const uint32_t (&from)[kTileSide][kTileSide], uint32_t* to, int64_t to_stride) {
  assert(to != nullptr && to_stride >= kTileSide);
#if defined(__AVX512F__)
  __m512i rows[2][kTileSide];
  __builtin_memcpy(rows[0], from, sizeof(rows[0]));
  // Squares of 1, 2, 4 and 8 on a side change places with those across the diagonal.
#pragma GCC unroll 4
  for (int level = 0; level < 4; ++level) {
    const int side = 1 << level;
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __mmask16 moves = _mm512_test_epi32_mask(lane, _mm512_set1_epi32(side));
    const __m512i low = _mm512_mask_add_epi32(lane, moves, lane, _mm512_set1_epi32(kTileSide - side));
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(side));
#pragma GCC unroll 16
    for (int r = 0; r < kTileSide; ++r) {
      if ((r & side) != 0) continue;
      const __m512i upper = rows[level % 2][r];
      const __m512i lower = rows[level % 2][r + side];
      rows[(level + 1) % 2][r] = _mm512_permutex2var_epi32(upper, low, lower);
      rows[(level + 1) % 2][r + side] = _mm512_permutex2var_epi32(upper, high, lower);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kTileSide; ++r) _mm512_storeu_si512(to + r * to_stride, rows[0][r]);
#else
  for (int64_t r = 0; r < kTileSide; ++r) {
    for (int64_t c = 0; c < kTileSide; ++c) __builtin_memcpy(to + c * to_stride + r, &from[r][c], sizeof(uint32_t));
  }
#endif
}

// ---- weights: [out, 3, 3, in], PyTorch's channels-last order; packed: right operands [out / 32, 9, in / 32] ----

/// Floats: twice what the operands take, since the gradient, in the weights' own order, needs as many.
int64_t packed_size(const ConvShape& shape) { return 9 * shape.in * shape.out; }

void pack_weights(const ConvShape& shape, const float* weight, float* packed) {
  assert(fits(shape));
  auto* to = reinterpret_cast<uint32_t*>(packed);
  for (int64_t out = 0; out < shape.out; out += kSumsSide) {
    for (int64_t k = 0; k < 9 * shape.in; k += kSumsSide, to += kOperandValues / 2) {
      for (int64_t half = 0; half < kSumsSide; half += kTileSide) {
        uint32_t rows[kTileSide][kTileSide];
        for (int64_t i = 0; i < kTileSide; ++i) {
          const float* from = weight + (out + half + i) * 9 * shape.in + k;
          store_32(reinterpret_cast<bf16*>(rows[i]), from);
        }
        transpose(rows, to + half, kSumsSide);
      }
    }
  }
}

/// `shape` is that of the convolution backwards: its `in` are the channels of dz, its `out` those of dx.
void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  assert(fits(shape));
  auto* to = reinterpret_cast<uint32_t*>(packed);
  for (int64_t out = 0; out < shape.out; out += kSumsSide) {
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t in = 0; in < shape.in; in += 2) {
        const float* upper = weight + (in * 9 + (8 - tap)) * shape.out + out;
        for (int64_t half = 0; half < kSumsSide; half += kTileSide, to += kTileSide) {
          pair_rows(upper + half, upper + half + 9 * shape.out, to);
        }
      }
    }
  }
}

void unpack_weights(const ConvShape& shape, const float* packed, float* weight) {
  assert(fits(shape));
  __builtin_memcpy(weight, packed, static_cast<uint64_t>(packed_size(shape)) * sizeof(float));
}

// ---- images and gradients, for the products that give the weights' gradient ----

/// Writes an image's pixels in pairs, zeros behind them: 32 channels, and the next 32 `stride` values later.
DIGITREC_INLINE void pair_image(const ConvShape& shape, const bf16* image, bf16* pairs, int64_t stride) {
  assert(image != nullptr && pairs != nullptr && stride >= 2 * pairs_of(shape) * kPairRowValues);
  const int64_t pixels = padded_pixels(shape);
  for (int64_t first = 0; first < 2; ++first) {
    for (int64_t pair = 0; pair < pairs_of(shape); ++pair, pairs += kPairRowValues) {
      const int64_t pixel = 2 * pair + first;
      const bf16* upper = pixel < pixels ? image + pixel * shape.in : nullptr;
      const bf16* lower = pixel + 1 < pixels ? image + (pixel + 1) * shape.in : nullptr;
      for (int64_t in = 0; in < shape.in; in += kTileSide) {
        pair_rows(upper == nullptr ? nullptr : upper + in, lower == nullptr ? nullptr : lower + in,
                  reinterpret_cast<uint32_t*>(pairs + in / kSumsSide * stride + in % kSumsSide * 2));
      }
    }
  }
}

/// Writes the gradient of an image as left operands, zeros at the pixels over the end of a row: 32 channels, and the
/// next 32 `stride` values later.
DIGITREC_INLINE void transpose_gradient(const ConvShape& shape, const bf16* dz, bf16* left, int64_t stride) {
  assert(dz != nullptr && left != nullptr && stride >= steps_of(shape) * kOperandValues);
  int64_t h = 0;
  int64_t w = 0;
  const auto next_pixel = [&] {
    const bool inside = h < shape.out_height() && w < shape.out_width();
    const bf16* pixel = inside ? dz + (h * shape.out_width() + w) * shape.out : nullptr;
    if (++w == shape.padded_width()) {
      w = 0;
      ++h;
    }
    return pixel;
  };
  for (int64_t step = 0; step < steps_of(shape); ++step, left += kOperandValues) {
    const bf16* pixels[kSumsSide];
    for (const bf16*& pixel : pixels) pixel = next_pixel();
    for (int64_t out = 0; out < shape.out; out += kTileSide) {
      uint32_t rows[kTileSide][kTileSide];
      for (int64_t i = 0; i < kTileSide; ++i) {
        const bf16* upper = pixels[2 * i];
        const bf16* lower = pixels[2 * i + 1];
        pair_rows(upper == nullptr ? nullptr : upper + out, lower == nullptr ? nullptr : lower + out, rows[i]);
      }
      transpose(rows, reinterpret_cast<uint32_t*>(left + out / kSumsSide * stride + out % kSumsSide * kSumsSide),
                kTileSide);
    }
  }
}

}  // namespace digitrec::kernels::DIGITREC_ISA::tiled
