// The inner loop of the direct and the Winograd method: a register block, sums of kBlockPixels outputs by
// kBlockChannels channels that stay in registers from the first product to the last.
#pragma once

#include "kernels/isa/vec.h"

#include <cassert>

namespace digitrec::kernels::DIGITREC_ISA {

// 6 x 2 vectors of sums, 2 of weights and 1 of input fill the 16 registers of AVX2.
constexpr int kBlockPixels = 6;
constexpr int kBlockVectors = 2;  ///< a pixel's channels, in vectors
constexpr int kBlockChannels = kBlockVectors * kLanes;

/// How a register block's inputs are walked: columns within rows within images. Strides are in floats.
struct Walk {
  int64_t images;
  int64_t image_stride;
  int64_t rows;
  int64_t row_stride;
  int64_t columns;
  int64_t column_stride;
};

/// sums[i][:] = the sum, over all places p of the walk, of input[i][p] * factors[p][:], with factors
/// [places, kBlockChannels] and sums [kBlockPixels, kBlockChannels]. Where kAdjacent, input[i] is input[0] + i and the
/// others are not read: one pointer instead of six. A function of its own, so that nothing competes with it for
/// registers.
template <bool kAdjacent>
__attribute__((noinline)) void multiply_block(const float* const* input, const Walk& walk, const float* factors,
                                              float* sums) {
  constexpr int kPointers = kAdjacent ? 1 : kBlockPixels;
  assert(input != nullptr && factors != nullptr && sums != nullptr);
  assert(walk.images > 0 && walk.rows > 0 && walk.columns > 0 && walk.column_stride > 0);
  for (int i = 0; i < kPointers; ++i) assert(input[i] != nullptr);
  const float* x[kPointers];
#pragma GCC unroll 6
  for (int i = 0; i < kPointers; ++i) x[i] = input[i];
  const auto advance = [&x](int64_t floats) {
#pragma GCC unroll 6
    for (int i = 0; i < kPointers; ++i) x[i] += floats;
  };
  Vec sum[kBlockPixels][kBlockVectors] = {};
  const int64_t end = walk.columns * walk.column_stride;
  const int64_t next_image = walk.image_stride - walk.rows * walk.row_stride;
  for (int64_t n = walk.images; n > 0; --n, advance(next_image)) {
    for (int64_t r = walk.rows; r > 0; --r, advance(walk.row_stride)) {
      for (int64_t c = 0; c < end; c += walk.column_stride, factors += kBlockChannels) {
        Vec factor[kBlockVectors];
#pragma GCC unroll 2
        for (int v = 0; v < kBlockVectors; ++v) factor[v] = load(factors + v * kLanes);
#pragma GCC unroll 6
        for (int i = 0; i < kBlockPixels; ++i) {
          const Vec value = broadcast(kAdjacent ? x[0][c + i] : x[i % kPointers][c]);
#pragma GCC unroll 2
          for (int v = 0; v < kBlockVectors; ++v) sum[i][v] += value * factor[v];
        }
      }
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < kBlockPixels; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kBlockVectors; ++v) store(sums + i * kBlockChannels + v * kLanes, sum[i][v]);
  }
}

}  // namespace digitrec::kernels::DIGITREC_ISA
