// 3 x 3 convolutions by Winograd's minimal filtering F(2x2, 3x3): 4 outputs for 16 multiplications instead of 36. Its
// constants are 0, 1 and 1/2, so it rounds no worse than the direct method.
//
// The output is cut into patches of 2 x 2, each computed from a patch of 4 x 4 inputs. A transformed patch has 16
// values, and each of them is a plane: over all patches and channels it is a matrix, and the convolution is 16 matrix
// products.
#pragma once

#include "kernels/isa/winograd_grid.h"

namespace digitrec::kernels::DIGITREC_ISA::winograd {

/// Whether enough of the patches' outputs lie within the output: the products of all patches must be at most 3/4 of
/// the direct method's, since the transforms cost time too.
DIGITREC_INLINE bool pays(const ConvShape& shape) {
  const int64_t patches = ((shape.out_height() + 1) / 2) * ((shape.out_width() + 1) / 2);
  return shape.in % kBlockChannels == 0 && 4 * patches * kPlanes <= 3 * 9 * shape.out_pixels();
}

// ---- weights: [out, 3, 3, in], PyTorch's channels-last order ----
// packed: [16 planes, out / kBlockChannels, in, kBlockChannels]

/// Floats.
int64_t packed_size(const ConvShape& shape) { return kPlanes * shape.in * shape.out; }

/// Transforms the weights that `read(out, tap, in)` returns and packs them.
template <class Read>
DIGITREC_INLINE void pack(const ConvShape& shape, float* packed, Read read) {
  assert(pays(shape));
  for (int64_t out = 0; out < shape.out; out += kBlockChannels) {
    for (int64_t in = 0; in < shape.in; ++in, packed += kBlockChannels) {
      float taps[9][kBlockChannels];
      for (int tap = 0; tap < 9; ++tap) {
        for (int i = 0; i < kBlockChannels; ++i) taps[tap][i] = read(out + i, tap, in);
      }
      for (int v = 0; v < kBlockVectors; ++v) {
        Vec g[9];
        Vec u[kPlanes];
        for (int tap = 0; tap < 9; ++tap) g[tap] = load(taps[tap] + v * kLanes);
        in_two_dimensions<3, 4>(g, u, kernel_transform);
        for (int64_t k = 0; k < kPlanes; ++k) store(packed + k * shape.in * shape.out + v * kLanes, u[k]);
      }
    }
  }
}

void pack_weights(const ConvShape& shape, const float* weight, float* packed) {
  pack(shape, packed, [&](int64_t out, int64_t tap, int64_t in) { return weight[(out * 9 + tap) * shape.in + in]; });
}

/// `shape` is that of the convolution backwards: its `in` are the channels of dz, its `out` those of dx.
void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  pack(shape, packed,
       [&](int64_t out, int64_t tap, int64_t in) { return weight[(in * 9 + 8 - tap) * shape.out + out]; });
}

void unpack_weights(const ConvShape& shape, const float* packed, float* weight) {
  assert(pays(shape));
  for (int64_t out = 0; out < shape.out; out += kBlockChannels) {
    for (int64_t in = 0; in < shape.in; ++in, packed += kBlockChannels) {
      for (int v = 0; v < kBlockVectors; ++v) {
        Vec u[kPlanes];
        Vec g[9];
        for (int64_t k = 0; k < kPlanes; ++k) u[k] = load(packed + k * shape.in * shape.out + v * kLanes);
        in_two_dimensions<4, 3>(u, g, kernel_transform_backward);
        for (int tap = 0; tap < 9; ++tap) {
          for (int i = 0; i < kLanes; ++i) weight[((out + v * kLanes + i) * 9 + tap) * shape.in + in] = g[tap][i];
        }
      }
    }
  }
}

// ---- patches to planes and back ----

void transform_inputs(const ConvShape& shape, const PatchGrid& grid, const Scratch& scratch, int64_t first,
                      int64_t patches) {
  assert(0 <= first && 0 < patches && patches <= grid.chunk);
  for (int64_t t = 0; t < patches; ++t) {
    const PatchPlace place = PatchPlace::of(grid, first + t);
    const float* from =
        scratch.padded + place.image * grid.padded_image + place.row * grid.padded_row + place.column * shape.in;
    float* to = scratch.inputs + t * shape.in;
    for (int64_t c = 0; c < shape.in; c += kLanes) {
      Vec d[kPlanes];
      Vec v[kPlanes];
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) d[k] = load(from + k / 4 * grid.padded_row + k % 4 * shape.in + c);
      in_two_dimensions<4, 4>(d, v, input_transform);
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) store(to + k * grid.input_plane + c, v[k]);
    }
  }
}

/// `z`: of the group's first image, at the register block's first channel.
template <class T>
DIGITREC_INLINE void transform_outputs(const ConvShape& shape, const PatchGrid& grid, const Scratch& scratch,
                                       int64_t first, int64_t patches, T* z) {
  assert(0 <= first && 0 < patches && patches <= grid.chunk);
  for (int64_t t = 0; t < patches; ++t) {
    const PatchPlace place = PatchPlace::of(grid, first + t);
    T* to = z + (place.image * shape.out_pixels() + place.row * shape.out_width() + place.column) * shape.out;
    const bool has_lower = place.row + 1 < shape.out_height();
    const bool has_right = place.column + 1 < shape.out_width();
    for (int64_t c = 0; c < kBlockChannels; c += kLanes) {
      Vec m[kPlanes];
      Vec y[4];
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) m[k] = load(scratch.outputs + k * grid.output_plane + t * kBlockChannels + c);
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
DIGITREC_INLINE void transform_outputs_backward(const ConvShape& shape, const PatchGrid& grid, const Scratch& scratch,
                                                int64_t first, int64_t patches, const T* dz) {
  assert(0 <= first && 0 < patches && patches <= grid.chunk);
  for (int64_t t = 0; t < patches; ++t) {
    const PatchPlace place = PatchPlace::of(grid, first + t);
    const T* from = dz + (place.image * shape.out_pixels() + place.row * shape.out_width() + place.column) * shape.out;
    const bool has_lower = place.row + 1 < shape.out_height();
    const bool has_right = place.column + 1 < shape.out_width();
    for (int64_t c = 0; c < kBlockChannels; c += kLanes) {
      const T* lower = from + shape.out_width() * shape.out;
      const Vec y[4] = {load(from + c), has_right ? load(from + shape.out + c) : Vec{},
                        has_lower ? load(lower + c) : Vec{},
                        has_right && has_lower ? load(lower + shape.out + c) : Vec{}};
      Vec m[kPlanes];
      in_two_dimensions<2, 4>(y, m, output_transform_backward);
#pragma GCC unroll 16
      for (int k = 0; k < kPlanes; ++k) store(scratch.outputs + k * grid.output_plane + t * kBlockChannels + c, m[k]);
    }
  }
}

// ---- the 16 matrix products ----

/// outputs[k][t][:] = sum over c of inputs[k][t][c] * packed[k][out][c][:]
DIGITREC_INLINE void multiply_planes(const ConvShape& shape, const PatchGrid& grid, const Scratch& scratch,
                                     int64_t patches, const float* packed) {
  assert(0 < patches && patches <= grid.chunk && grid.chunk % kBlockPixels == 0);
  const Walk walk{.images = 1, .image_stride = 0, .rows = 1, .row_stride = 0, .columns = shape.in, .column_stride = 1};
  for (int64_t k = 0; k < kPlanes; ++k, packed += shape.in * shape.out) {
    const float* inputs = scratch.inputs + k * grid.input_plane;
    float* outputs = scratch.outputs + k * grid.output_plane;
    for (int64_t first = 0; first < patches; first += kBlockPixels) {
      const float* input[kBlockPixels];
      for (int64_t i = 0; i < kBlockPixels; ++i) input[i] = inputs + smaller(first + i, patches - 1) * shape.in;
      multiply_block<false>(input, walk, packed, outputs + first * kBlockChannels);
    }
  }
}

/// packed[k][out][c][:] += sum over t of inputs[k][t][c] * outputs[k][t][:]
DIGITREC_INLINE void multiply_planes_backward(const ConvShape& shape, const PatchGrid& grid, const Scratch& scratch,
                                              int64_t patches, float* packed) {
  assert(0 < patches && patches <= grid.chunk);
  assert(grid.chunk * shape.in + kBlockPixels - 1 <= grid.input_plane);
  const Walk walk{
      .images = 1, .image_stride = 0, .rows = 1, .row_stride = 0, .columns = patches, .column_stride = shape.in};
  for (int64_t k = 0; k < kPlanes; ++k, packed += shape.in * shape.out) {
    const float* inputs = scratch.inputs + k * grid.input_plane;
    const float* outputs = scratch.outputs + k * grid.output_plane;
    for (int64_t first = 0; first < shape.in; first += kBlockPixels) {
      const int64_t rows = smaller(kBlockPixels, shape.in - first);
      // The last register block may read beyond the patch's channels, into the scratch behind them, and drop those
      // sums.
      const float* input = inputs + first;
      float sums[kBlockPixels * kBlockChannels];
      multiply_block<true>(&input, walk, outputs, sums);
      float* to = packed + first * kBlockChannels;
      for (int64_t i = 0; i < rows * kBlockChannels; i += kLanes) store(to + i, load(to + i) + load(sums + i));
    }
  }
}

/// Calls `work(first, patches, n)` for each chunk of patches, counted within the group that starts with image n, once
/// their inputs are transformed.
template <class T, class Work>
DIGITREC_INLINE void for_each_chunk(const ConvShape& shape, const PatchGrid& grid, const Scratch& scratch, const T* x,
                                    int64_t begin, int64_t end, Work work) {
  for (int64_t n = begin; n < end; n += grid.images) {
    const int64_t images = smaller(grid.images, end - n);
    for (int64_t i = 0; i < images; ++i) {
      pad_image(shape, grid, x + (n + i) * shape.height * shape.width * shape.in,
                scratch.padded + i * grid.padded_image);
    }
    const int64_t patches = images * grid.rows * grid.columns;
    // Chunks of one size, as near as whole register blocks allow.
    const int64_t chunks = (patches + grid.chunk - 1) / grid.chunk;
    const int64_t chunk = (patches + chunks * kBlockPixels - 1) / (chunks * kBlockPixels) * kBlockPixels;
    for (int64_t first = 0; first < patches; first += chunk) {
      const int64_t count = smaller(chunk, patches - first);
      transform_inputs(shape, grid, scratch, first, count);
      work(first, count, n);
    }
  }
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* memory) {
  assert(pays(shape));
  const PatchGrid grid = PatchGrid::of(shape);
  const Scratch scratch = split_scratch(grid, memory);
  with_type(x, [&](auto* images) {
    with_type(z, [&](auto* outputs) {
      for_each_chunk(shape, grid, scratch, images, begin, end, [&](int64_t first, int64_t patches, int64_t n) {
        for (int64_t out = 0; out < shape.out; out += kBlockChannels) {
          multiply_planes(shape, grid, scratch, patches, packed + out * shape.in);
          transform_outputs(shape, grid, scratch, first, patches, outputs + n * shape.out_pixels() * shape.out + out);
        }
      });
    });
  });
}

void weight_gradient(const ConvShape& shape, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                     float* memory) {
  assert(pays(shape));
  const PatchGrid grid = PatchGrid::of(shape);
  const Scratch scratch = split_scratch(grid, memory);
  with_type(x, [&](auto* images) {
    with_type(dz, [&](auto* gradients) {
      for_each_chunk(shape, grid, scratch, images, begin, end, [&](int64_t first, int64_t patches, int64_t n) {
        for (int64_t out = 0; out < shape.out; out += kBlockChannels) {
          transform_outputs_backward(shape, grid, scratch, first, patches,
                                     gradients + n * shape.out_pixels() * shape.out + out);
          multiply_planes_backward(shape, grid, scratch, patches, packed + out * shape.in);
        }
      });
    });
  });
}

}  // namespace digitrec::kernels::DIGITREC_ISA::winograd
