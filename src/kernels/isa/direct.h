// 3 x 3 convolutions by register blocks straight from the images: nothing is unfolded in memory.
//
// Each image is copied into a padded scratch of floats (a few kilobytes, so it stays in cache). There the three taps of
// a kernel row are neighbours in memory, and a register block needs only kBlockPixels pointers.
#pragma once

#include "kernels/isa/preconditions.h"

namespace digitrec::kernels::DIGITREC_ISA::direct {

// ---- scratch ----

/// Images handled together: small ones alone would leave register blocks half empty, and too few pixels to a sum.
DIGITREC_INLINE int64_t group_size(const ConvShape& shape) {
  const int64_t images = 192 / shape.out_pixels();
  return images < 1 ? 1 : images > 16 ? 16 : images;
}

DIGITREC_INLINE int64_t padded_size(const ConvShape& shape) {
  return shape.padded_height() * shape.padded_width() * shape.in;
}

/// One thread's memory for a group of images.
struct Scratch {
  float* padded;     ///< [group, padded_height, padded_width, in]
  float* dz_block;   ///< one register block's channels of the gradients: [group, out_pixels, kBlockChannels]
  int32_t* offsets;  ///< where in `padded` the inputs begin: of each output pixel of the group, or of each of the
                     ///< 9 * in weights of an output channel
};

DIGITREC_INLINE Scratch split_scratch(const ConvShape& shape, float* memory) {
  // The offsets are of 32 bits.
  assert(group_size(shape) * padded_size(shape) <= INT32_MAX);
  float* dz_block = memory + group_size(shape) * padded_size(shape);
  float* offsets = dz_block + group_size(shape) * shape.out_pixels() * kBlockChannels;
  return {.padded = memory, .dz_block = dz_block, .offsets = reinterpret_cast<int32_t*>(offsets)};
}

/// Floats.
int64_t packed_size(const ConvShape& shape) { return 9 * shape.in * shape.out; }

/// Floats, an offset taking one.
int64_t scratch_size(const ConvShape& shape) {
  return group_size(shape) * (padded_size(shape) + shape.out_pixels() * kBlockChannels) +
         larger(group_size(shape) * shape.out_pixels(), 9 * shape.in);
}

/// [padded_height, padded_width, in] with a border of zeros.
template <class T>
DIGITREC_INLINE void pad_image(const ConvShape& shape, const T* image, float* padded) {
  assert(image != nullptr && padded != nullptr);
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

// ---- weights: [out, 3, 3, in], PyTorch's channels-last order ----
// packed: [out / kBlockChannels, 9 * in, kBlockChannels]

void pack_weights(const ConvShape& shape, const float* weight, float* packed) {
  const int64_t k_size = 9 * shape.in;
  for (int64_t out = 0; out < shape.out; ++out) {
    float* column = packed + out / kBlockChannels * kBlockChannels * k_size + out % kBlockChannels;
    for (int64_t k = 0; k < k_size; ++k) column[k * kBlockChannels] = weight[out * k_size + k];
  }
}

void unpack_weights(const ConvShape& shape, const float* packed, float* weight) {
  const int64_t k_size = 9 * shape.in;
  for (int64_t out = 0; out < shape.out; ++out) {
    const float* column = packed + out / kBlockChannels * kBlockChannels * k_size + out % kBlockChannels;
    for (int64_t k = 0; k < k_size; ++k) weight[out * k_size + k] = column[k * kBlockChannels];
  }
}

/// `shape` is that of the convolution backwards: its `in` are the channels of dz, its `out` those of dx.
void pack_weights_backward(const ConvShape& shape, const float* weight, float* packed) {
  for (int64_t out = 0; out < shape.out; out += kBlockChannels) {
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t in = 0; in < shape.in; ++in, packed += kBlockChannels) {
        const float* row = weight + (in * 9 + (8 - tap)) * shape.out + out;
        for (int64_t i = 0; i < kBlockChannels; ++i) packed[i] = row[i];
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
  assert(0 < pixels && pixels <= group_size(shape) * shape.out_pixels());
  const Walk walk{.images = 1,
                  .image_stride = 0,
                  .rows = 3,
                  .row_stride = shape.padded_width() * shape.in,
                  .columns = 3 * shape.in,
                  .column_stride = 1};
  for (int64_t out = 0; out < shape.out; out += kBlockChannels, packed += 9 * shape.in * kBlockChannels) {
    for (int64_t first = 0; first < pixels; first += kBlockPixels) {
      const float* input[kBlockPixels];
      const int64_t count = pixels - first < kBlockPixels ? pixels - first : kBlockPixels;
      for (int i = 0; i < kBlockPixels; ++i) input[i] = padded + offsets[first + (i < count ? i : 0)];
      float sums[kBlockPixels * kBlockChannels];
      multiply_block<false>(input, walk, packed, sums);
      for (int i = 0; i < count; ++i) {
        Out* to = z + (first + i) * shape.out + out;
        for (int v = 0; v < kBlockVectors; ++v) store(to + v * kLanes, load(sums + i * kBlockChannels + v * kLanes));
      }
    }
  }
}

template <class In, class Out>
void convolve_images(const ConvShape& shape, const In* x, const float* packed, Out* z, int64_t begin, int64_t end,
                     float* memory) {
  const Scratch scratch = split_scratch(shape, memory);
  const int64_t group = group_size(shape);
  list_pixels(shape, end - begin < group ? end - begin : group, scratch.offsets);
  for (int64_t n = begin; n < end; n += group) {
    const int64_t images = end - n < group ? end - n : group;
    const float* padded = padded_images(shape, x + n * shape.height * shape.width * shape.in, images, scratch.padded);
    convolve_pixels(shape, padded, scratch.offsets, images * shape.out_pixels(), packed,
                    z + n * shape.out_pixels() * shape.out);
  }
}

void convolve(const ConvShape& shape, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
              float* memory) {
  with_type(x, [&](auto* images) {
    with_type(z, [&](auto* outputs) { convolve_images(shape, images, packed, outputs, begin, end, memory); });
  });
}

// ---- backward to the weights ----

DIGITREC_INLINE void list_weights(const ConvShape& shape, int32_t* offsets) {
  for (int64_t row = 0; row < 3; ++row) {
    for (int64_t i = 0; i < 3 * shape.in; ++i)
      *offsets++ = static_cast<int32_t>(row * shape.padded_width() * shape.in + i);
  }
}

/// Adds to the packed weights' gradient. A register block is here kBlockPixels of the 9 * in weights by kBlockChannels
/// output channels, summed over all pixels of the group.
template <class T>
DIGITREC_INLINE void add_weight_gradient(const ConvShape& shape, int64_t images, const float* padded, const T* dz,
                                         float* packed, const Scratch& scratch) {
  assert(0 < images && images <= group_size(shape));
  const int64_t k_size = 9 * shape.in;
  const Walk walk{.images = images,
                  .image_stride = padded_size(shape),
                  .rows = shape.out_height(),
                  .row_stride = shape.padded_width() * shape.in,
                  .columns = shape.out_width(),
                  .column_stride = shape.in};
  for (int64_t out = 0; out < shape.out; out += kBlockChannels, packed += k_size * kBlockChannels) {
    // Side by side: as they lie, the pixels of a register block would fall on a few sets of the cache and evict each
    // other.
    for (int64_t p = 0; p < images * shape.out_pixels(); ++p) {
      float* to = scratch.dz_block + p * kBlockChannels;
      for (int v = 0; v < kBlockVectors; ++v) store(to + v * kLanes, load(dz + p * shape.out + out + v * kLanes));
    }
    for (int64_t first = 0; first < k_size; first += kBlockPixels) {
      const float* input[kBlockPixels];
      const int64_t rows = smaller(kBlockPixels, k_size - first);
      for (int i = 0; i < kBlockPixels; ++i) input[i] = padded + scratch.offsets[first + (i < rows ? i : 0)];
      float sums[kBlockPixels * kBlockChannels];
      input[kBlockPixels - 1] == input[0] + kBlockPixels - 1
          ? multiply_block<true>(input, walk, scratch.dz_block, sums)
          : multiply_block<false>(input, walk, scratch.dz_block, sums);
      float* to = packed + first * kBlockChannels;
      for (int64_t i = 0; i < rows * kBlockChannels; i += kLanes) store(to + i, load(to + i) + load(sums + i));
    }
  }
}

void weight_gradient(const ConvShape& shape, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                     float* memory) {
  const Scratch scratch = split_scratch(shape, memory);
  const int64_t group = group_size(shape);
  list_weights(shape, scratch.offsets);
  with_type(x, [&](auto* images) {
    with_type(dz, [&](auto* gradients) {
      for (int64_t n = begin; n < end; n += group) {
        const int64_t count = end - n < group ? end - n : group;
        const float* padded =
            padded_images(shape, images + n * shape.height * shape.width * shape.in, count, scratch.padded);
        add_weight_gradient(shape, count, padded, gradients + n * shape.out_pixels() * shape.out, packed, scratch);
      }
    });
  });
}

}  // namespace digitrec::kernels::DIGITREC_ISA::direct
