// How Winograd's method cuts a group of images into patches, and the memory that a thread needs for it.
#pragma once

#include "kernels/isa/preconditions.h"
#include "kernels/isa/winograd_transforms.h"

namespace digitrec::kernels::DIGITREC_ISA::winograd {

/// How a group of images is cut into patches, and how many of these are transformed and multiplied together.
struct PatchGrid {
  int64_t rows, columns;  ///< of patches in an image
  int64_t images;         ///< in a group: small ones alone would be too few patches
  int64_t chunk;          ///< patches at a time, max: their planes stay in the second-level cache
  int64_t padded_row;     ///< floats
  int64_t padded_image;
  int64_t input_plane;   ///< floats from one plane of transformed inputs to the next
  int64_t output_plane;  ///< and of sums

  __attribute__((always_inline)) static inline PatchGrid of(const ConvShape& shape) {
    // A cache line between planes: at a multiple of 4 KiB from each other they would evict each other from the cache.
    constexpr int64_t kLine = 16;
    PatchGrid grid;
    grid.rows = (shape.out_height() + 1) / 2;
    grid.columns = (shape.out_width() + 1) / 2;
    grid.images = smaller(4, larger(1, 96 / (grid.rows * grid.columns)));
    grid.chunk = larger(2, smaller(16, 5000 / shape.in / kBlockPixels)) * kBlockPixels;
    grid.padded_row = (2 * grid.columns + 2) * shape.in;
    grid.padded_image = (2 * grid.rows + 2) * grid.padded_row;
    grid.input_plane = grid.chunk * shape.in + kLine;
    grid.output_plane = grid.chunk * kBlockChannels + kLine;
    return grid;
  }
};

/// One thread's memory for a group of images and a chunk of patches.
struct Scratch {
  float* padded;   ///< [images, 2 * rows + 2, 2 * columns + 2, in]
  float* inputs;   ///< [16, chunk, in]
  float* outputs;  ///< [16, chunk, kBlockChannels]
};

DIGITREC_INLINE Scratch split_scratch(const PatchGrid& grid, float* memory) {
  float* inputs = memory + grid.images * grid.padded_image;
  return {.padded = memory, .inputs = inputs, .outputs = inputs + kPlanes * grid.input_plane};
}

/// Floats.
int64_t scratch_size(const ConvShape& shape) {
  const PatchGrid grid = PatchGrid::of(shape);
  return grid.images * grid.padded_image + kPlanes * (grid.input_plane + grid.output_plane);
}

/// Copies an image into a frame of zeros: the border, and what the last patches read beyond it.
template <class T>
DIGITREC_INLINE void pad_image(const ConvShape& shape, const PatchGrid& grid, const T* image, float* padded) {
  assert(image != nullptr && padded != nullptr);
  assert(shape.padded_height() <= 2 * grid.rows + 2 && shape.padded_width() * shape.in <= grid.padded_row);
  const int64_t left = shape.padding * shape.in;
  const int64_t row = shape.width * shape.in;
  for (int64_t i = 0; i < shape.padding * grid.padded_row; ++i) padded[i] = 0;
  float* to = padded + shape.padding * grid.padded_row;
  for (int64_t h = 0; h < shape.height; ++h, to += grid.padded_row, image += row) {
    for (int64_t i = 0; i < left; ++i) to[i] = 0;
    for (int64_t i = 0; i < row; i += kLanes) store(to + left + i, load(image + i));
    for (int64_t i = left + row; i < grid.padded_row; ++i) to[i] = 0;
  }
  for (; to < padded + grid.padded_image; ++to) *to = 0;
}

/// Where a patch of the group is.
struct PatchPlace {
  int64_t image, row, column;  ///< of its upper left output

  __attribute__((always_inline)) static inline PatchPlace of(const PatchGrid& grid, int64_t patch) {
    assert(0 <= patch && patch < grid.images * grid.rows * grid.columns);
    const int64_t in_image = patch % (grid.rows * grid.columns);
    return {.image = patch / (grid.rows * grid.columns),
            .row = in_image / grid.columns * 2,
            .column = in_image % grid.columns * 2};
  }
};

}  // namespace digitrec::kernels::DIGITREC_ISA::winograd
