// What follows a convolution: scale and shift, ReLU, pooling and channel dropout in one pass over memory, and the way
// back where the scale is 1. Channels are innermost (NHWC), so that a vector is kLanes channels of a pixel and a sum by
// channel is a sum of vectors.
#pragma once

#include "kernels/isa/pooling.h"

namespace digitrec::kernels::DIGITREC_ISA {

// ---- forward ----

template <class T>
void affine_images(const ImageShape& shape, const T* z, const Affine& f, T* y, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const float* mask = mask_row(f.dropout_mask, n, shape);
    for (int64_t p = n * shape.pixels(); p < (n + 1) * shape.pixels(); ++p) {
      for (int64_t c = 0; c < shape.channels; c += kLanes) {
        Vec v = load(z + p * shape.channels + c) * load_or(f.scale, c, 1) + load(f.shift + c);
        if (f.relu) v = relu(v);
        store(y + p * shape.channels + c, v * load_or(mask, c, 1));
      }
    }
  }
}

void affine(const ImageShape& shape, ConstArray z, const Affine& f, Array y, int64_t begin, int64_t end) {
  assert(is_image(shape) && is_range(begin, end));
  assert(is_array(z) && is_array(y) && z.type == y.type && z.data != y.data);
  assert(is_affine(f));
  with_types(z, y, [&](auto* from, auto* to) { affine_images(shape, from, f, to, begin, end); });
}

template <class T>
void affine_pool_images(const ImageShape& shape, const T* z, const Affine& f, T* y, uint8_t* codes, int64_t begin,
                        int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const T* image = z + n * shape.size();
    const float* mask = mask_row(f.dropout_mask, n, shape);
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const Vec scale = load_or(f.scale, c, 1);
      const Vec shift = load(f.shift + c);
      Vec best = load(image + corners.at[0] + c) * scale + shift;
      LaneMask code{};
      for (int corner = 1; corner < 4; ++corner) {
        const Vec v = load(image + corners.at[corner] + c) * scale + shift;
        const LaneMask larger = (v > best) | (v != v);  // as PyTorch: the first of equals, NaN above all
        best = select(larger, v, best);
        code = larger ? LaneMask{} + corner : code;
      }
      if (f.relu) {
        code = best <= Vec{} ? code | kPoolDead : code;
        best = relu(best);
      }
      store(y + pooled, best * load_or(mask, c, 1));
      if (codes != nullptr) {
        const Bytes bytes = __builtin_convertvector(code, Bytes);
        __builtin_memcpy(codes + pooled, &bytes, sizeof(bytes));
      }
    });
  }
}

void affine_pool(const ImageShape& shape, ConstArray z, const Affine& f, Array y, uint8_t* codes, int64_t begin,
                 int64_t end) {
  assert(is_image(shape) && is_range(begin, end));
  assert(is_array(z) && is_array(y) && z.type == y.type && z.data != y.data);
  assert(is_affine(f));
  with_types(z, y, [&](auto* from, auto* to) { affine_pool_images(shape, from, f, to, codes, begin, end); });
}

// ---- backward through bias, ReLU and pooling ----

template <class T>
void relu_backward_images(const ImageShape& shape, const T* dy, const T* y, T* dz, float* dshift, int64_t begin,
                          int64_t end) {
  for (int64_t p = begin * shape.pixels(); p < end * shape.pixels(); ++p) {
    for (int64_t c = 0; c < shape.channels; c += kLanes) {
      const int64_t i = p * shape.channels + c;
      const Vec d = select(load(y + i) > Vec{}, load(dy + i), Vec{});
      store(dz + i, d);
      add_to(dshift + c, d);
    }
  }
}

void relu_backward(const ImageShape& shape, ConstArray dy, ConstArray y, Array dz, float* dshift, int64_t begin,
                   int64_t end) {
  assert(is_image(shape) && is_range(begin, end));
  assert(is_array(dy) && is_array(y) && is_array(dz) && y.type == dy.type && dz.type == dy.type);
  assert(dz.data != dy.data && dz.data != y.data && is_floats(dshift));
  with_types(dy, dz, [&](auto* from, auto* to) {
    relu_backward_images(shape, from, static_cast<decltype(from)>(y.data), to, dshift, begin, end);
  });
}

template <class T>
void pool_backward_images(const ImageShape& shape, const T* dy, const uint8_t* codes, T* dz, float* dshift,
                          int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    T* image = dz + n * shape.size();
    for_uncovered(shape, [&](int64_t i, int64_t) { store(image + i, Vec{}); });
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const Vec d = load(dy + pooled);
      const LaneMask code = load_codes(codes + pooled);
      for (int corner = 0; corner < 4; ++corner) {
        store(image + corners.at[corner] + c, select(code == corner, d, Vec{}));
      }
      add_to(dshift + c, select(code < kPoolDead, d, Vec{}));
    });
  }
}

void pool_backward(const ImageShape& shape, ConstArray dy, const uint8_t* codes, Array dz, float* dshift, int64_t begin,
                   int64_t end) {
  assert(is_image(shape) && is_range(begin, end));
  assert(is_array(dy) && is_array(dz) && dz.type == dy.type && dz.data != dy.data);
  assert(codes != nullptr && is_floats(dshift));
  with_types(dy, dz, [&](auto* from, auto* to) { pool_backward_images(shape, from, codes, to, dshift, begin, end); });
}

}  // namespace digitrec::kernels::DIGITREC_ISA
