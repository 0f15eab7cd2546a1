// Fully connected layers: three products of matrices, each summed in one order whatever the batch's size, so that
// nothing depends on how the work is shared. Forward, both operands lie along the sum, and a register block holds
// vectors of partial sums; backward, the sums lie along the right operand, as in a convolution.
#pragma once

#include "kernels/isa/preconditions.h"
#include "kernels/isa/register_block.h"

namespace digitrec::kernels::DIGITREC_ISA {
namespace {

DIGITREC_INLINE bool is_linear(const LinearShape& shape) { return shape.rows > 0 && shape.in > 0 && shape.out > 0; }

// ---- forward: y = x W^T + b, both operands' rows along the sum ----

// Sums, one operand's vectors and one of the other's fill the registers: 32 of AVX-512, 16 elsewhere.
constexpr int kDotRows = kLanes == 16 ? 4 : 3;
constexpr int kDotOuts = kLanes == 16 ? 6 : 4;
constexpr int kDotSums = kDotRows * kDotOuts;
static_assert(kDotSums % 4 == 0);

typedef float Quad __attribute__((vector_size(16)));

/// A vector's four quarters added: four partial sums are left of it.
DIGITREC_INLINE Quad sum_quarters(const float* lanes) {
  Quad sum = load_bytes<Quad>(lanes);
  for (int i = 4; i < kLanes; i += 4) sum += load_bytes<Quad>(lanes + i);
  return sum;
}

/// The sums of the lanes of four vectors.
DIGITREC_INLINE Quad sum_lanes(const float* vectors) {
  const Quad a = sum_quarters(vectors);
  const Quad b = sum_quarters(vectors + kLanes);
  const Quad c = sum_quarters(vectors + 2 * kLanes);
  const Quad d = sum_quarters(vectors + 3 * kLanes);
  const Quad ab = __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
  const Quad cd = __builtin_shufflevector(c, d, 0, 1, 4, 5) + __builtin_shufflevector(c, d, 2, 3, 6, 7);
  return __builtin_shufflevector(ab, cd, 0, 2, 4, 6) + __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
}

/// sums[r][o][:] = x[r] * weight[o] over `in` values, a multiple of kLanes, each lane for itself. A function of its
/// own, so that nothing competes with it for registers.
__attribute__((noinline)) void dot_block(const float* const* x, const float* const* weight, int64_t in, float* sums) {
  const float* rows[kDotRows];
  const float* outs[kDotOuts];
#pragma GCC unroll 8
  for (int r = 0; r < kDotRows; ++r) rows[r] = x[r];
#pragma GCC unroll 8
  for (int o = 0; o < kDotOuts; ++o) outs[o] = weight[o];
  Vec sum[kDotRows][kDotOuts] = {};
  for (int64_t i = 0; i < in; i += kLanes) {
    Vec left[kDotRows];
#pragma GCC unroll 8
    for (int r = 0; r < kDotRows; ++r) left[r] = load(rows[r] + i);
#pragma GCC unroll 8
    for (int o = 0; o < kDotOuts; ++o) {
      const Vec right = load(outs[o] + i);
#pragma GCC unroll 8
      for (int r = 0; r < kDotRows; ++r) sum[r][o] += left[r] * right;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kDotRows; ++r) {
#pragma GCC unroll 8
    for (int o = 0; o < kDotOuts; ++o) store(sums + (r * kDotOuts + o) * kLanes, sum[r][o]);
  }
}

/// NaN stays NaN.
DIGITREC_INLINE float relu_one(float x) { return x < 0 ? 0 : x; }

void linear(const LinearShape& shape, const float* x, const float* weight, const float* bias, bool relu, float* y,
            const LinearPart& part) {
  assert(is_linear(shape) && is_floats(x) && is_floats(weight) && is_floats(bias) && is_floats(y) && y != x);
  assert(is_range(part.row_begin, part.row_end) && part.row_end <= shape.rows);
  assert(is_range(part.out_begin, part.out_end) && part.out_end <= shape.out);
  const int64_t whole = shape.in / kLanes * kLanes;
  for (int64_t out = part.out_begin; out < part.out_end; out += kDotOuts) {
    const int64_t outs = smaller(kDotOuts, part.out_end - out);
    const float* right[kDotOuts];
    for (int64_t o = 0; o < kDotOuts; ++o) right[o] = weight + (out + smaller(o, outs - 1)) * shape.in;
    for (int64_t row = part.row_begin; row < part.row_end; row += kDotRows) {
      const int64_t rows = smaller(kDotRows, part.row_end - row);
      const float* left[kDotRows];
      for (int64_t r = 0; r < kDotRows; ++r) left[r] = x + (row + smaller(r, rows - 1)) * shape.in;
      float lanes[kDotSums * kLanes];
      dot_block(left, right, whole, lanes);
      float sums[kDotSums];
      for (int i = 0; i < kDotSums; i += 4) {
        const Quad four = sum_lanes(lanes + i * kLanes);
        __builtin_memcpy(sums + i, &four, sizeof(four));
      }
      for (int64_t r = 0; r < rows; ++r) {
        float* to = y + (row + r) * shape.out + out;
        for (int64_t o = 0; o < outs; ++o) {
          float z = sums[r * kDotOuts + o] + bias[out + o];
          for (int64_t i = whole; i < shape.in; ++i) z += left[r][i] * right[o][i];
          to[o] = relu ? relu_one(z) : z;
        }
      }
    }
  }
}

// ---- backward: dW = dz^T x and dx = dz W, by columns of x and W ----

int64_t linear_scratch_size(const LinearShape& shape) { return larger(shape.rows, shape.out) * kBlockChannels; }

/// Columns `first` to `first + count` of [rows, columns], side by side: as they lie, they would fall on a few sets of
/// the cache.
DIGITREC_INLINE void copy_columns(const float* from, int64_t rows, int64_t columns, int64_t first, int64_t count,
                                  float* to) {
  for (int64_t r = 0; r < rows; ++r, to += kBlockChannels) {
    const float* row = from + r * columns + first;
    if (count == kBlockChannels) {
      for (int v = 0; v < kBlockVectors; ++v) store(to + v * kLanes, load(row + v * kLanes));
    } else {
      for (int64_t i = 0; i < kBlockChannels; ++i) to[i] = i < count ? row[i] : 0;
    }
  }
}

/// to[m, first:first + count] = sum over k of left[m * row_stride + k * column_stride] * right[k, :], for m below
/// `rows`.
DIGITREC_INLINE void multiply_columns(const float* left, int64_t row_stride, int64_t column_stride, int64_t rows,
                                      int64_t k_size, const float* right, float* to, int64_t columns, int64_t first,
                                      int64_t count) {
  const Walk walk{.images = 1,
                  .image_stride = 0,
                  .rows = 1,
                  .row_stride = k_size * column_stride,
                  .columns = k_size,
                  .column_stride = column_stride};
  for (int64_t m = 0; m < rows; m += kBlockPixels) {
    const int64_t block = smaller(kBlockPixels, rows - m);
    const float* input[kBlockPixels];
    for (int64_t i = 0; i < kBlockPixels; ++i) input[i] = left + (m + smaller(i, block - 1)) * row_stride;
    float sums[kBlockPixels * kBlockChannels];
    multiply_block<false>(input, walk, right, sums);
    for (int64_t i = 0; i < block; ++i) {
      float* row = to + (m + i) * columns + first;
      const float* from = sums + i * kBlockChannels;
      if (count == kBlockChannels) {
        for (int v = 0; v < kBlockVectors; ++v) store(row + v * kLanes, load(from + v * kLanes));
      } else {
        for (int64_t c = 0; c < count; ++c) row[c] = from[c];
      }
    }
  }
}

void linear_weight_gradient(const LinearShape& shape, const float* x, const float* dz, float* dweight, int64_t begin,
                            int64_t end, float* scratch) {
  assert(is_linear(shape) && is_floats(x) && is_floats(dz) && is_floats(dweight));
  assert(is_range(begin, end) && end <= shape.out && is_aligned(scratch, kCacheLine));
  for (int64_t first = 0; first < shape.in; first += kBlockChannels) {
    const int64_t count = smaller(kBlockChannels, shape.in - first);
    copy_columns(x, shape.rows, shape.in, first, count, scratch);
    multiply_columns(dz + begin, 1, shape.out, end - begin, shape.rows, scratch, dweight + begin * shape.in, shape.in,
                     first, count);
  }
}

void linear_input_gradient(const LinearShape& shape, const float* weight, const float* dz, float* dx, int64_t begin,
                           int64_t end, float* scratch) {
  assert(is_linear(shape) && is_floats(weight) && is_floats(dz) && is_floats(dx));
  assert(is_range(begin, end) && end <= shape.in && is_aligned(scratch, kCacheLine));
  for (int64_t first = begin; first < end; first += kBlockChannels) {
    const int64_t count = smaller(kBlockChannels, end - first);
    copy_columns(weight, shape.out, shape.in, first, count, scratch);
    multiply_columns(dz, shape.out, 1, shape.rows, shape.out, scratch, dx, shape.in, first, count);
  }
}

}  // namespace
}  // namespace digitrec::kernels::DIGITREC_ISA
