// 3 x 3 convolutions by Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray 2016,
// https://arxiv.org/abs/1509.09308): 4 outputs for 16 multiplications instead of 36. Its constants are 0, 1 and 1/2, so
// it rounds no worse than the direct method.
//
// The output is cut into tiles of 2 x 2, each computed from 4 x 4 inputs. With A, B, G of the paper, kernel g and input
// d, y = A' [(G g G') * (B' d B)] A, the product being one by element: 16 matrix products over the channels.
#pragma once

#include "kernels/isa/tile.h"

namespace digitrec::kernels::DIGITREC_ISA::winograd {

constexpr int64_t kPlanes = 16;  // elements of a transformed tile

/// Whether enough of its tiles lie within the output.
DIGITREC_INLINE bool pays(const ConvShape& shape) {
  const int64_t tiles = ((shape.out_height() + 1) / 2) * ((shape.out_width() + 1) / 2);
  return shape.in % kTile == 0 && 4 * tiles * kPlanes <= 3 * 9 * shape.out_pixels();
}

// ---- transforms in one dimension; done twice, on rows and on columns ----

DIGITREC_INLINE void input_transform(const Vec d[4], Vec v[4]) {
  v[0] = d[0] - d[2];
  v[1] = d[1] + d[2];
  v[2] = d[2] - d[1];
  v[3] = d[1] - d[3];
}
DIGITREC_INLINE void kernel_transform(const Vec g[3], Vec u[4]) {
  const Vec even = 0.5f * (g[0] + g[2]);
  const Vec odd = 0.5f * g[1];
  u[0] = g[0];
  u[1] = even + odd;
  u[2] = even - odd;
  u[3] = g[2];
}
DIGITREC_INLINE void output_transform(const Vec m[4], Vec y[2]) {
  y[0] = m[0] + m[1] + m[2];
  y[1] = m[1] - m[2] - m[3];
}
/// The transposes of the latter two carry gradients back.
DIGITREC_INLINE void output_transform_backward(const Vec y[2], Vec m[4]) {
  m[0] = y[0];
  m[1] = y[0] + y[1];
  m[2] = y[0] - y[1];
  m[3] = -y[1];
}
DIGITREC_INLINE void kernel_transform_backward(const Vec u[4], Vec g[3]) {
  const Vec even = 0.5f * (u[1] + u[2]);
  g[0] = u[0] + even;
  g[1] = 0.5f * (u[1] - u[2]);
  g[2] = u[3] + even;
}

/// from[kFrom][kFrom] -> to[kTo][kTo], both row by row.
template <int kFrom, int kTo, class Transform>
DIGITREC_INLINE void in_two_dimensions(const Vec* from, Vec* to, Transform transform) {
  Vec half[kTo][kFrom];
#pragma GCC unroll 4
  for (int c = 0; c < kFrom; ++c) {
    Vec column[kFrom];
    Vec transformed[kTo];
#pragma GCC unroll 4
    for (int r = 0; r < kFrom; ++r) column[r] = from[r * kFrom + c];
    transform(column, transformed);
#pragma GCC unroll 4
    for (int r = 0; r < kTo; ++r) half[r][c] = transformed[r];
  }
#pragma GCC unroll 4
  for (int r = 0; r < kTo; ++r) transform(half[r], to + r * kTo);
}

// ---- weights: [out, 3, 3, in] in PyTorch's channels-last order; packed: [16, out / kTile, in, kTile] ----

int64_t packed_size(const ConvShape& shape) { return kPlanes * shape.in * shape.out; }

/// Calls `read(out, tap, in)` for every weight and packs what it says.
template <class Read>
DIGITREC_INLINE void pack(const ConvShape& shape, float* packed, Read read) {
  for (int64_t block = 0; block < shape.out; block += kTile) {
    for (int64_t in = 0; in < shape.in; ++in, packed += kTile) {
      float taps[9][kTile];
      for (int tap = 0; tap < 9; ++tap) {
        for (int i = 0; i < kTile; ++i) taps[tap][i] = read(block + i, tap, in);
      }
      for (int v = 0; v < kVectors; ++v) {
        Vec g[9];
        Vec u[kPlanes];
        for (int tap = 0; tap < 9; ++tap) g[tap] = load(taps[tap] + v * kWidth);
        in_two_dimensions<3, 4>(g, u, kernel_transform);
        for (int64_t k = 0; k < kPlanes; ++k) store(packed + k * shape.in * shape.out + v * kWidth, u[k]);
      }
    }
  }
}

void pack_weights(const ConvShape& shape, const float* weight, float* packed) {
  pack(shape, packed, [&](int64_t out, int64_t tap, int64_t in) { return weight[(out * 9 + tap) * shape.in + in]; });
}

/// `shape` is that of the convolution backwards, from its `in` channels to its `out`.
void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  pack(shape, packed,
       [&](int64_t out, int64_t tap, int64_t in) { return weight[(in * 9 + 8 - tap) * shape.out + out]; });
}

void unpack_weights(const ConvShape& shape, const float* packed, float* weight) {
  for (int64_t block = 0; block < shape.out; block += kTile) {
    for (int64_t in = 0; in < shape.in; ++in, packed += kTile) {
      for (int v = 0; v < kVectors; ++v) {
        Vec u[kPlanes];
        Vec g[9];
        for (int64_t k = 0; k < kPlanes; ++k) u[k] = load(packed + k * shape.in * shape.out + v * kWidth);
        in_two_dimensions<4, 3>(u, g, kernel_transform_backward);
        for (int tap = 0; tap < 9; ++tap) {
          for (int i = 0; i < kWidth; ++i) weight[((block + v * kWidth + i) * 9 + tap) * shape.in + in] = g[tap][i];
        }
      }
    }
  }
}

// ---- a thread's memory ----

/// How a group of images is cut into tiles, and how many of those are worked on together.
struct Tiling {
  int64_t rows, columns;  ///< of tiles in an image
  int64_t images;         ///< in a group: small ones alone would be too few tiles
  int64_t chunk;          ///< tiles at a time: their transforms stay in the second-level cache
  int64_t padded_row;     ///< floats
  int64_t padded_image;
  int64_t input_plane;   ///< floats from one plane of transformed inputs to the next
  int64_t output_plane;  ///< and of sums

  __attribute__((always_inline)) static inline Tiling of(const ConvShape& shape) {
    // A line more than the planes hold: at a multiple of 4 KiB they would evict each other from the cache.
    constexpr int64_t kLine = 16;
    Tiling t;
    t.rows = (shape.out_height() + 1) / 2;
    t.columns = (shape.out_width() + 1) / 2;
    t.images = smaller(4, larger(1, 96 / (t.rows * t.columns)));
    t.chunk = larger(2, smaller(16, 5000 / shape.in / kPixels)) * kPixels;
    t.padded_row = (2 * t.columns + 2) * shape.in;
    t.padded_image = (2 * t.rows + 2) * t.padded_row;
    t.input_plane = t.chunk * shape.in + kLine;
    t.output_plane = t.chunk * kTile + kLine;
    return t;
  }
};

struct Scratch {
  float* padded;   ///< [images, 2 * rows + 2, 2 * columns + 2, in]
  float* inputs;   ///< [16, chunk, in]
  float* outputs;  ///< [16, chunk, kTile]
};

DIGITREC_INLINE Scratch split_scratch(const Tiling& tiling, float* memory) {
  float* inputs = memory + tiling.images * tiling.padded_image;
  return {memory, inputs, inputs + kPlanes * tiling.input_plane};
}

int64_t scratch_size(const ConvShape& shape) {
  const Tiling tiling = Tiling::of(shape);
  return tiling.images * tiling.padded_image + kPlanes * (tiling.input_plane + tiling.output_plane);
}

/// Copies an image into a frame of zeros: the border, and what the last tiles reach beyond it.
template <class T>
DIGITREC_INLINE void pad_image(const ConvShape& shape, const Tiling& tiling, const T* image, float* padded) {
  const int64_t left = shape.padding * shape.in;
  const int64_t row = shape.width * shape.in;
  for (int64_t i = 0; i < shape.padding * tiling.padded_row; ++i) padded[i] = 0;
  float* to = padded + shape.padding * tiling.padded_row;
  for (int64_t h = 0; h < shape.height; ++h, to += tiling.padded_row, image += row) {
    for (int64_t i = 0; i < left; ++i) to[i] = 0;
    for (int64_t i = 0; i < row; i += kWidth) store(to + left + i, load(image + i));
    for (int64_t i = left + row; i < tiling.padded_row; ++i) to[i] = 0;
  }
  for (; to < padded + tiling.padded_image; ++to) *to = 0;
}

/// Where a tile of the group is.
struct Place {
  int64_t image, row, column;  ///< of its upper left output

  __attribute__((always_inline)) static inline Place of(const Tiling& tiling, int64_t tile) {
    const int64_t in_image = tile % (tiling.rows * tiling.columns);
    return {tile / (tiling.rows * tiling.columns), in_image / tiling.columns * 2, in_image % tiling.columns * 2};
  }
};

// ---- tiles to planes and back ----

void transform_inputs(const ConvShape& shape, const Tiling& tiling, const Scratch& scratch, int64_t first,
                      int64_t tiles) {
  for (int64_t t = 0; t < tiles; ++t) {
    const Place place = Place::of(tiling, first + t);
    const float* from =
        scratch.padded + place.image * tiling.padded_image + place.row * tiling.padded_row + place.column * shape.in;
    float* to = scratch.inputs + t * shape.in;
    for (int64_t c = 0; c < shape.in; c += kWidth) {
      Vec d[kPlanes];
      Vec v[kPlanes];
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) d[k] = load(from + k / 4 * tiling.padded_row + k % 4 * shape.in + c);
      in_two_dimensions<4, 4>(d, v, input_transform);
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) store(to + k * tiling.input_plane + c, v[k]);
    }
  }
}

/// `z`: of the group's first image, at the block's first channel.
template <class T>
DIGITREC_INLINE void transform_outputs(const ConvShape& shape, const Tiling& tiling, const Scratch& scratch,
                                       int64_t first, int64_t tiles, T* z) {
  for (int64_t t = 0; t < tiles; ++t) {
    const Place place = Place::of(tiling, first + t);
    T* to = z + (place.image * shape.out_pixels() + place.row * shape.out_width() + place.column) * shape.out;
    const bool has_lower = place.row + 1 < shape.out_height();
    const bool has_right = place.column + 1 < shape.out_width();
    for (int64_t c = 0; c < kTile; c += kWidth) {
      Vec m[kPlanes];
      Vec y[4];
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) m[k] = load(scratch.outputs + k * tiling.output_plane + t * kTile + c);
      in_two_dimensions<4, 2>(m, y, output_transform);
      T* lower = to + shape.out_width() * shape.out;
      store(to + c, y[0]);
      if (has_right) store(to + shape.out + c, y[1]);
      if (has_lower) store(lower + c, y[2]);
      if (has_right && has_lower) store(lower + shape.out + c, y[3]);
    }
  }
}

/// Gradients of outputs to gradients of the 16 products; `dz` as `z` above.
template <class T>
DIGITREC_INLINE void transform_outputs_backward(const ConvShape& shape, const Tiling& tiling, const Scratch& scratch,
                                                int64_t first, int64_t tiles, const T* dz) {
  for (int64_t t = 0; t < tiles; ++t) {
    const Place place = Place::of(tiling, first + t);
    const T* from = dz + (place.image * shape.out_pixels() + place.row * shape.out_width() + place.column) * shape.out;
    const bool has_lower = place.row + 1 < shape.out_height();
    const bool has_right = place.column + 1 < shape.out_width();
    for (int64_t c = 0; c < kTile; c += kWidth) {
      const T* lower = from + shape.out_width() * shape.out;
      const Vec y[4] = {load(from + c), has_right ? load(from + shape.out + c) : Vec{},
                        has_lower ? load(lower + c) : Vec{},
                        has_right && has_lower ? load(lower + shape.out + c) : Vec{}};
      Vec m[kPlanes];
      in_two_dimensions<2, 4>(y, m, output_transform_backward);
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) store(scratch.outputs + k * tiling.output_plane + t * kTile + c, m[k]);
    }
  }
}

// ---- the 16 matrix products ----

/// outputs[k][t][:] = sum over c of inputs[k][t][c] * packed[k][block][c][:]
DIGITREC_INLINE void multiply_planes(const ConvShape& shape, const Tiling& tiling, const Scratch& scratch,
                                     int64_t tiles, const float* packed) {
  const Walk walk{1, 0, 1, 0, shape.in, 1};
  for (int64_t k = 0; k < kPlanes; ++k, packed += shape.in * shape.out) {
    const float* inputs = scratch.inputs + k * tiling.input_plane;
    float* outputs = scratch.outputs + k * tiling.output_plane;
    for (int64_t first = 0; first < tiles; first += kPixels) {
      const float* input[kPixels];
      for (int64_t i = 0; i < kPixels; ++i) input[i] = inputs + smaller(first + i, tiles - 1) * shape.in;
      multiply_tile<false>(input, walk, packed, outputs + first * kTile);
    }
  }
}

/// packed[k][block][c][:] += sum over t of inputs[k][t][c] * outputs[k][t][:]
DIGITREC_INLINE void multiply_planes_backward(const ConvShape& shape, const Tiling& tiling, const Scratch& scratch,
                                              int64_t tiles, float* packed) {
  const Walk walk{1, 0, 1, 0, tiles, shape.in};
  for (int64_t k = 0; k < kPlanes; ++k, packed += shape.in * shape.out) {
    const float* inputs = scratch.inputs + k * tiling.input_plane;
    const float* outputs = scratch.outputs + k * tiling.output_plane;
    for (int64_t first = 0; first < shape.in; first += kPixels) {
      const int64_t rows = smaller(kPixels, shape.in - first);
      // The last tile may read beyond its channels, into what is in memory, and drop those sums.
      const float* input = inputs + first;
      float sums[kPixels * kTile];
      multiply_tile<true>(&input, walk, outputs, sums);
      float* to = packed + first * kTile;
      for (int64_t i = 0; i < rows * kTile; i += kWidth) store(to + i, load(to + i) + load(sums + i));
    }
  }
}

/// Calls `work(first, tiles, n)` for each chunk of tiles, counted within the group that starts with image n, once their
/// inputs are transformed.
template <class T, class Work>
DIGITREC_INLINE void for_each_chunk(const ConvShape& shape, const Tiling& tiling, const Scratch& scratch, const T* x,
                                    int64_t begin, int64_t end, Work work) {
  for (int64_t n = begin; n < end; n += tiling.images) {
    const int64_t images = smaller(tiling.images, end - n);
    for (int64_t i = 0; i < images; ++i) {
      pad_image(shape, tiling, x + (n + i) * shape.height * shape.width * shape.in,
                scratch.padded + i * tiling.padded_image);
    }
    const int64_t tiles = images * tiling.rows * tiling.columns;
    // Chunks of one size, as near as whole tiles of registers allow.
    const int64_t chunks = (tiles + tiling.chunk - 1) / tiling.chunk;
    const int64_t chunk = (tiles + chunks * kPixels - 1) / (chunks * kPixels) * kPixels;
    for (int64_t first = 0; first < tiles; first += chunk) {
      const int64_t count = smaller(chunk, tiles - first);
      transform_inputs(shape, tiling, scratch, first, count);
      work(first, count, n);
    }
  }
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* memory) {
  const Tiling tiling = Tiling::of(shape);
  const Scratch scratch = split_scratch(tiling, memory);
  with_type(x, [&](auto* in) {
    with_type(z, [&](auto* out) {
      for_each_chunk(shape, tiling, scratch, in, begin, end, [&](int64_t first, int64_t tiles, int64_t n) {
        for (int64_t block = 0; block < shape.out; block += kTile) {
          multiply_planes(shape, tiling, scratch, tiles, packed + block * shape.in);
          transform_outputs(shape, tiling, scratch, first, tiles, out + n * shape.out_pixels() * shape.out + block);
        }
      });
    });
  });
}

void weight_gradient(const ConvShape& shape, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                     float* memory) {
  const Tiling tiling = Tiling::of(shape);
  const Scratch scratch = split_scratch(tiling, memory);
  with_type(x, [&](auto* in) {
    with_type(dz, [&](auto* out) {
      for_each_chunk(shape, tiling, scratch, in, begin, end, [&](int64_t first, int64_t tiles, int64_t n) {
        for (int64_t block = 0; block < shape.out; block += kTile) {
          transform_outputs_backward(shape, tiling, scratch, first, tiles,
                                     out + n * shape.out_pixels() * shape.out + block);
          multiply_planes_backward(shape, tiling, scratch, tiles, packed + block * shape.in);
        }
      });
    });
  });
}

}  // namespace digitrec::kernels::DIGITREC_ISA::winograd
