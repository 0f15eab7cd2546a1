// The inner loop of every convolution: a tile of sums that stays in registers.
#pragma once

#include "kernels/isa/vec.h"

namespace digitrec::kernels::DIGITREC_ISA {

// 6 x 2 vectors of sums, 2 of weights and 1 of input fill the 16 registers of AVX2.
constexpr int kPixels = 6;
constexpr int kVectors = 2;
constexpr int kTile = kVectors * kWidth;

/// How a tile's inputs are walked: columns within rows within images.
struct Walk {
  int64_t images;
  int64_t image_stride;
  int64_t rows;
  int64_t row_stride;
  int64_t columns;
  int64_t column_stride;
};

/// sums[i][:] = the sum, over all places of the walk, of the input there, counted from input[i], times the next kTile
/// factors. Adjacent inputs are input[0] and the floats behind it: one pointer instead of six. A function of its own,
/// so that nothing competes with it for registers.
template <bool kAdjacent>
__attribute__((noinline)) void multiply_tile(const float* const* input, const Walk& walk, const float* factors,
                                             float* sums) {
  constexpr int kPointers = kAdjacent ? 1 : kPixels;
  const float* x[kPointers];
#pragma GCC unroll 6
  for (int i = 0; i < kPointers; ++i) x[i] = input[i];
  const auto advance = [&x](int64_t floats) {
#pragma GCC unroll 6
    for (int i = 0; i < kPointers; ++i) x[i] += floats;
  };
  Vec sum[kPixels][kVectors] = {};
  const int64_t end = walk.columns * walk.column_stride;
  const int64_t step = walk.column_stride;
  const int64_t next_image = walk.image_stride - walk.rows * walk.row_stride;
  for (int64_t n = walk.images; n > 0; --n, advance(next_image)) {
    for (int64_t r = walk.rows; r > 0; --r, advance(walk.row_stride)) {
      for (int64_t c = 0; c < end; c += step, factors += kTile) {
        Vec factor[kVectors];
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) factor[v] = load(factors + v * kWidth);
#pragma GCC unroll 6
        for (int i = 0; i < kPixels; ++i) {
          const Vec value = broadcast(kAdjacent ? x[0][c + i] : x[i % kPointers][c]);
#pragma GCC unroll 2
          for (int v = 0; v < kVectors; ++v) sum[i][v] += value * factor[v];
        }
      }
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) store(sums + i * kTile + v * kWidth, sum[i][v]);
  }
}

}  // namespace digitrec::kernels::DIGITREC_ISA
