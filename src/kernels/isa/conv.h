// 3 x 3 convolutions as products of small register tiles, straight from the images: nothing is unfolded in memory.
//
// Each image is copied into a padded scratch of floats (a few kilobytes, so it stays in cache). There the three taps of a
// kernel row are neighbours in memory, and a tile of kPixels outputs by kTile channels needs only kPixels pointers.
#pragma once

#include "kernels/isa/vec.h"

namespace digitrec::kernels::DIGITREC_ISA {

// 6 x 2 vectors of sums, 2 of weights and 1 of input fill the 16 registers of AVX2.
constexpr int kPixels = 6;
constexpr int kVectors = 2;
constexpr int kTile = kVectors * kWidth;

/// Where a tile's inputs begin, how they are walked, and how often.
struct Walk {
  int64_t rows;
  int64_t row_stride;
  int64_t columns;
  int64_t column_stride;
};

/// sums[i][:] = the sum over rows r and columns c of input[i][r * row_stride + c * column_stride] times the next kTile
/// factors. A function of its own, so that nothing competes with it for registers.
__attribute__((noinline)) void multiply_tile(const float* const* input, const Walk& walk, const float* factors,
                                             float* sums) {
  const float* x[kPixels];
#pragma GCC unroll 6
  for (int i = 0; i < kPixels; ++i) x[i] = input[i];
  Vec sum[kPixels][kVectors] = {};
  const int64_t end = walk.columns * walk.column_stride;
  const int64_t step = walk.column_stride;
  for (int64_t r = walk.rows; r > 0; --r) {
    for (int64_t c = 0; c < end; c += step, factors += kTile) {
      Vec factor[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) factor[v] = load(factors + v * kWidth);
#pragma GCC unroll 6
      for (int i = 0; i < kPixels; ++i) {
        const Vec value = broadcast(x[i][c]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[i][v] += value * factor[v];
      }
    }
#pragma GCC unroll 6
    for (int i = 0; i < kPixels; ++i) x[i] += walk.row_stride;
  }
#pragma GCC unroll 6
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) store(sums + i * kTile + v * kWidth, sum[i][v]);
  }
}

// ---- scratch ----

/// [padded_height, padded_width, in] with a border of zeros.
template <class T>
DIGITREC_INLINE void pad_image(const ConvShape& shape, const T* image, float* padded) {
  const int64_t row = shape.padded_width() * shape.in;
  const int64_t border = shape.padding * shape.in;
  for (int64_t i = 0; i < shape.padding * row; ++i) padded[i] = 0;
  padded += shape.padding * row;
  for (int64_t h = 0; h < shape.height; ++h, padded += row, image += shape.width * shape.in) {
    for (int64_t i = 0; i < border; ++i) padded[i] = padded[row - 1 - i] = 0;
    for (int64_t i = 0; i < shape.width * shape.in; ++i) padded[border + i] = load_one(image + i);
  }
  for (int64_t i = 0; i < shape.padding * row; ++i) padded[i] = 0;
}

/// The image where it is, if it needs no copy.
DIGITREC_INLINE const float* padded_image(const ConvShape& shape, const float* image, float* scratch) {
  if (shape.padding == 0) return image;
  pad_image(shape, image, scratch);
  return scratch;
}
DIGITREC_INLINE const float* padded_image(const ConvShape& shape, const bf16* image, float* scratch) {
  pad_image(shape, image, scratch);
  return scratch;
}

int64_t scratch_size(const ConvShape& shape) {
  return shape.padded_height() * shape.padded_width() * shape.in + shape.out_pixels() * kTile;
}

// ---- weights: [out, 3, 3, in] in PyTorch's channels-last order; packed: [out / kTile, 9 * in, kTile] ----

void pack_weights(const ConvShape& shape, const float* weight, float* packed) {
  const int64_t k_size = 9 * shape.in;
  for (int64_t out = 0; out < shape.out; ++out) {
    float* column = packed + out / kTile * kTile * k_size + out % kTile;
    for (int64_t k = 0; k < k_size; ++k) column[k * kTile] = weight[out * k_size + k];
  }
}

void unpack_weights(const ConvShape& shape, const float* packed, float* weight) {
  const int64_t k_size = 9 * shape.in;
  for (int64_t out = 0; out < shape.out; ++out) {
    const float* column = packed + out / kTile * kTile * k_size + out % kTile;
    for (int64_t k = 0; k < k_size; ++k) weight[out * k_size + k] = column[k * kTile];
  }
}

void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  for (int64_t block = 0; block < shape.in; block += kTile) {
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t out = 0; out < shape.out; ++out, packed += kTile) {
        const float* row = weight + (out * 9 + (8 - tap)) * shape.in + block;
        for (int64_t i = 0; i < kTile; ++i) packed[i] = row[i];
      }
    }
  }
}

// ---- forward, and backward to the input ----

template <class Out>
DIGITREC_INLINE void convolve_image(const ConvShape& shape, const float* padded, const float* packed, Out* z) {
  const int64_t row = shape.padded_width() * shape.in;
  const int64_t pixels = shape.out_pixels();
  const Walk walk{3, row, 3 * shape.in, 1};
  for (int64_t out = 0; out < shape.out; out += kTile, packed += 9 * shape.in * kTile) {
    for (int64_t first = 0; first < pixels; first += kPixels) {
      const float* input[kPixels];
      int64_t pixel[kPixels];
      for (int i = 0; i < kPixels; ++i) {
        pixel[i] = first + i < pixels ? first + i : pixels - 1;  // the last tile repeats its last pixel
        input[i] = padded + pixel[i] / shape.out_width() * row + pixel[i] % shape.out_width() * shape.in;
      }
      float sums[kPixels * kTile];
      multiply_tile(input, walk, packed, sums);
      for (int i = 0; i < kPixels; ++i) {
        for (int v = 0; v < kVectors; ++v) store(z + pixel[i] * shape.out + out + v * kWidth, load(sums + i * kTile + v * kWidth));
      }
    }
  }
}

template <class In, class Out>
void convolve_images(const ConvShape& shape, const In* x, const float* packed, Out* z, int64_t begin, int64_t end,
                     float* scratch) {
  for (int64_t n = begin; n < end; ++n) {
    const float* padded = padded_image(shape, x + n * shape.height * shape.width * shape.in, scratch);
    convolve_image(shape, padded, packed, z + n * shape.out_pixels() * shape.out);
  }
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* scratch) {
  with_type(x, [&](auto* in) {
    with_type(z, [&](auto* out) { convolve_images(shape, in, packed, out, begin, end, scratch); });
  });
}

// ---- backward to the weights ----

/// Adds to the packed weights' gradient; a tile is kPixels rows of 9 * in by kTile channels, summed over all pixels.
template <class T>
DIGITREC_INLINE void add_weight_gradient(const ConvShape& shape, const float* padded, const T* dz, float* packed,
                                         float* dz_tile) {
  const int64_t in = shape.in;
  const int64_t row = shape.padded_width() * in;
  const int64_t k_size = 9 * in;
  const Walk walk{shape.out_height(), row, shape.out_width(), in};
  for (int64_t out = 0; out < shape.out; out += kTile, packed += k_size * kTile) {
    // Side by side: as they lie, the pixels of one tile would fall on a few sets of the cache and evict each other.
    for (int64_t p = 0; p < shape.out_pixels(); ++p) {
      for (int v = 0; v < kVectors; ++v) store(dz_tile + p * kTile + v * kWidth, load(dz + p * shape.out + out + v * kWidth));
    }
    for (int64_t first = 0; first < k_size; first += kPixels) {
      const float* input[kPixels];
      const int64_t rows = k_size - first < kPixels ? k_size - first : kPixels;
      for (int i = 0; i < kPixels; ++i) {
        const int64_t k = first + (i < rows ? i : 0);
        const int64_t tap = k / shape.in;
        input[i] = padded + tap / 3 * row + tap % 3 * shape.in + k % shape.in;
      }
      float sums[kPixels * kTile];
      multiply_tile(input, walk, dz_tile, sums);
      for (int64_t i = 0; i < rows * kTile; i += kWidth) {
        float* to = packed + first * kTile + i;
        store(to, load(to) + load(sums + i));
      }
    }
  }
}

void weight_gradient(const ConvShape& shape, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                     float* scratch) {
  float* dz_tile = scratch + shape.padded_height() * shape.padded_width() * shape.in;
  with_type(x, [&](auto* in) {
    with_type(dz, [&](auto* out) {
      for (int64_t n = begin; n < end; ++n) {
        const float* padded = padded_image(shape, in + n * shape.height * shape.width * shape.in, scratch);
        add_weight_gradient(shape, padded, out + n * shape.out_pixels() * shape.out, packed, dz_tile);
      }
    });
  });
}

}  // namespace digitrec::kernels::DIGITREC_ISA
