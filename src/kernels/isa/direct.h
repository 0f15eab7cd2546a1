// 3 x 3 convolutions as products of small register tiles, straight from the images: nothing is unfolded in memory.
//
// Each image is copied into a padded scratch of floats (a few kilobytes, so it stays in cache). There the three taps of
// a kernel row are neighbours in memory, and a tile of kPixels outputs by kTile channels needs only kPixels pointers.
#pragma once

#include "kernels/isa/tile.h"

namespace digitrec::kernels::DIGITREC_ISA::direct {

// ---- scratch ----

/// Images handled together: small ones alone would leave tiles half empty, and too few pixels to a sum.
DIGITREC_INLINE int64_t group_of(const ConvShape& shape) {
  const int64_t images = 192 / shape.out_pixels();
  return images < 1 ? 1 : images > 16 ? 16 : images;
}

DIGITREC_INLINE int64_t padded_size(const ConvShape& shape) {
  return shape.padded_height() * shape.padded_width() * shape.in;
}

/// One thread's memory for a group of images.
struct Scratch {
  float* padded;     ///< [group, padded_height, padded_width, in]
  float* dz_tile;    ///< [group, out_pixels, kTile]
  int32_t* offsets;  ///< where in `padded` each output pixel of the group, or each of the 9 * in taps, begins
};

DIGITREC_INLINE Scratch split_scratch(const ConvShape& shape, float* memory) {
  float* dz_tile = memory + group_of(shape) * padded_size(shape);
  float* offsets = dz_tile + group_of(shape) * shape.out_pixels() * kTile;
  return {memory, dz_tile, reinterpret_cast<int32_t*>(offsets)};
}

int64_t packed_size(const ConvShape& shape) { return 9 * shape.in * shape.out; }

int64_t scratch_size(const ConvShape& shape) {
  return group_of(shape) * (padded_size(shape) + shape.out_pixels() * kTile) +
         larger(group_of(shape) * shape.out_pixels(), 9 * shape.in);
}

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

template <class T>
DIGITREC_INLINE const float* pad_images(const ConvShape& shape, const T* images, int64_t count, float* padded) {
  for (int64_t n = 0; n < count; ++n) {
    pad_image(shape, images + n * shape.height * shape.width * shape.in, padded + n * padded_size(shape));
  }
  return padded;
}

/// The images where they are, if they need no copy.
DIGITREC_INLINE const float* padded_images(const ConvShape& shape, const float* images, int64_t count, float* padded) {
  return shape.padding == 0 ? images : pad_images(shape, images, count, padded);
}
DIGITREC_INLINE const float* padded_images(const ConvShape& shape, const bf16* images, int64_t count, float* padded) {
  return pad_images(shape, images, count, padded);
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

/// `shape` is that of the convolution backwards, from its `in` channels to its `out`.
void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  for (int64_t block = 0; block < shape.out; block += kTile) {
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t in = 0; in < shape.in; ++in, packed += kTile) {
        const float* row = weight + (in * 9 + (8 - tap)) * shape.out + block;
        for (int64_t i = 0; i < kTile; ++i) packed[i] = row[i];
      }
    }
  }
}

// ---- forward, and backward to the input ----

DIGITREC_INLINE void list_pixels(const ConvShape& shape, int64_t images, int32_t* offsets) {
  const int64_t row = shape.padded_width() * shape.in;
  for (int64_t n = 0; n < images; ++n) {
    for (int64_t h = 0; h < shape.out_height(); ++h) {
      for (int64_t w = 0; w < shape.out_width(); ++w) {
        *offsets++ = static_cast<int32_t>(n * padded_size(shape) + h * row + w * shape.in);
      }
    }
  }
}

/// `pixels` outputs, [pixels, out], of images in one group.
template <class Out>
DIGITREC_INLINE void convolve_pixels(const ConvShape& shape, const float* padded, const int32_t* offsets,
                                     int64_t pixels, const float* packed, Out* z) {
  const Walk walk{1, 0, 3, shape.padded_width() * shape.in, 3 * shape.in, 1};
  for (int64_t out = 0; out < shape.out; out += kTile, packed += 9 * shape.in * kTile) {
    for (int64_t first = 0; first < pixels; first += kPixels) {
      const float* input[kPixels];
      const int64_t count = pixels - first < kPixels ? pixels - first : kPixels;
      for (int i = 0; i < kPixels; ++i) input[i] = padded + offsets[first + (i < count ? i : 0)];
      float sums[kPixels * kTile];
      multiply_tile<false>(input, walk, packed, sums);
      for (int i = 0; i < count; ++i) {
        Out* to = z + (first + i) * shape.out + out;
        for (int v = 0; v < kVectors; ++v) store(to + v * kWidth, load(sums + i * kTile + v * kWidth));
      }
    }
  }
}

template <class In, class Out>
void convolve_images(const ConvShape& shape, const In* x, const float* packed, Out* z, int64_t begin, int64_t end,
                     float* memory) {
  const Scratch scratch = split_scratch(shape, memory);
  const int64_t group = group_of(shape);
  list_pixels(shape, end - begin < group ? end - begin : group, scratch.offsets);
  for (int64_t n = begin; n < end; n += group) {
    const int64_t images = end - n < group ? end - n : group;
    const float* padded = padded_images(shape, x + n * shape.height * shape.width * shape.in, images, scratch.padded);
    convolve_pixels(shape, padded, scratch.offsets, images * shape.out_pixels(), packed,
                    z + n * shape.out_pixels() * shape.out);
  }
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* scratch) {
  with_type(x, [&](auto* in) {
    with_type(z, [&](auto* out) { convolve_images(shape, in, packed, out, begin, end, scratch); });
  });
}

// ---- backward to the weights ----

DIGITREC_INLINE void list_taps(const ConvShape& shape, int32_t* offsets) {
  for (int64_t row = 0; row < 3; ++row) {
    for (int64_t i = 0; i < 3 * shape.in; ++i)
      *offsets++ = static_cast<int32_t>(row * shape.padded_width() * shape.in + i);
  }
}

/// Adds to the packed weights' gradient; a tile is kPixels rows of 9 * in by kTile channels, summed over all pixels.
template <class T>
DIGITREC_INLINE void add_weight_gradient(const ConvShape& shape, int64_t images, const float* padded, const T* dz,
                                         float* packed, const Scratch& scratch) {
  const int64_t k_size = 9 * shape.in;
  const Walk walk{images,  padded_size(shape), shape.out_height(), shape.padded_width() * shape.in, shape.out_width(),
                  shape.in};
  for (int64_t out = 0; out < shape.out; out += kTile, packed += k_size * kTile) {
    // Side by side: as they lie, the pixels of one tile would fall on a few sets of the cache and evict each other.
    for (int64_t p = 0; p < images * shape.out_pixels(); ++p) {
      float* to = scratch.dz_tile + p * kTile;
      for (int v = 0; v < kVectors; ++v) store(to + v * kWidth, load(dz + p * shape.out + out + v * kWidth));
    }
    for (int64_t first = 0; first < k_size; first += kPixels) {
      const float* input[kPixels];
      const int64_t rows = smaller(kPixels, k_size - first);
      for (int i = 0; i < kPixels; ++i) input[i] = padded + scratch.offsets[first + (i < rows ? i : 0)];
      float sums[kPixels * kTile];
      input[kPixels - 1] == input[0] + kPixels - 1 ? multiply_tile<true>(input, walk, scratch.dz_tile, sums)
                                                   : multiply_tile<false>(input, walk, scratch.dz_tile, sums);
      float* to = packed + first * kTile;
      for (int64_t i = 0; i < rows * kTile; i += kWidth) store(to + i, load(to + i) + load(sums + i));
    }
  }
}

void weight_gradient(const ConvShape& shape, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                     float* memory) {
  const Scratch scratch = split_scratch(shape, memory);
  const int64_t group = group_of(shape);
  list_taps(shape, scratch.offsets);
  with_type(x, [&](auto* in) {
    with_type(dz, [&](auto* out) {
      for (int64_t n = begin; n < end; n += group) {
        const int64_t images = end - n < group ? end - n : group;
        const float* padded =
            padded_images(shape, in + n * shape.height * shape.width * shape.in, images, scratch.padded);
        add_weight_gradient(shape, images, padded, out + n * shape.out_pixels() * shape.out, packed, scratch);
      }
    });
  });
}

}  // namespace digitrec::kernels::DIGITREC_ISA::direct
