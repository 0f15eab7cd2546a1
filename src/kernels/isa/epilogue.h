// What follows a convolution: bias or batch normalisation, ReLU, pooling and channel dropout in one pass over memory,
// and the way back. Channels are innermost (NHWC), so that a vector is kWidth channels of a pixel and a sum by channel
// is a sum of vectors.
#pragma once

#include "kernels/isa/vec.h"

namespace digitrec::kernels::DIGITREC_ISA {

DIGITREC_INLINE Vec load_or(const float* from, int64_t offset, float otherwise) {
  return from == nullptr ? broadcast(otherwise) : load(from + offset);
}

DIGITREC_INLINE void add_to(float* to, Vec v) { store(to, load(to) + v); }

/// Both arrays have one type.
template <class Body>
DIGITREC_INLINE void with_types(ConstArray from, Array to, Body body) {
  if (from.type == Type::f32) {
    body(static_cast<const float*>(from.data), static_cast<float*>(to.data));
  } else {
    body(static_cast<const bf16*>(from.data), static_cast<bf16*>(to.data));
  }
}

// ---- forward ----

/// Image n's row of a mask, if there is one.
DIGITREC_INLINE const float* mask_of(const float* mask, int64_t n, const ImageShape& shape) {
  return mask == nullptr ? nullptr : mask + n * shape.channels;
}

template <class T>
void affine_images(const ImageShape& shape, const T* z, const Affine& f, T* y, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const float* mask = mask_of(f.mask, n, shape);
    for (int64_t p = n * shape.pixels(); p < (n + 1) * shape.pixels(); ++p) {
      for (int64_t c = 0; c < shape.channels; c += kWidth) {
        Vec v = load(z + p * shape.channels + c) * load_or(f.scale, c, 1) + load(f.shift + c);
        if (f.relu) v = relu(v);
        store(y + p * shape.channels + c, v * load_or(mask, c, 1));
      }
    }
  }
}

void affine(const ImageShape& shape, ConstArray z, const Affine& f, Array y, int64_t begin, int64_t end) {
  with_types(z, y, [&](auto* from, auto* to) { affine_images(shape, from, f, to, begin, end); });
}

/// The four corners of a pooling window in an image [height, width, channels].
struct Window {
  int64_t at[4];
};
DIGITREC_INLINE Window window(const ImageShape& shape, int64_t h, int64_t w) {
  const int64_t row = shape.width * shape.channels;
  const int64_t first = 2 * h * row + 2 * w * shape.channels;
  return {{first, first + shape.channels, first + row, first + row + shape.channels}};
}

/// Calls `body(pooled, corners, c)` for each vector of channels of each pooling window of image n: where the pooled
/// value lies in the array of all images, and where in image n the four do.
template <class Body>
DIGITREC_INLINE void for_windows(const ImageShape& shape, int64_t n, Body body) {
  int64_t pooled = n * shape.pooled_size();
  for (int64_t h = 0; h < shape.height / 2; ++h) {
    for (int64_t w = 0; w < shape.width / 2; ++w, pooled += shape.channels) {
      const Window corners = window(shape, h, w);
      for (int64_t c = 0; c < shape.channels; c += kWidth) body(pooled + c, corners, c);
    }
  }
}

template <class T>
void affine_pool_images(const ImageShape& shape, const T* z, const Affine& f, T* y, uint8_t* codes, int64_t begin,
                        int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const T* image = z + n * shape.size();
    const float* mask = mask_of(f.mask, n, shape);
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const Vec scale = load_or(f.scale, c, 1);
      const Vec shift = load(f.shift + c);
      Vec best = load(image + corners.at[0] + c) * scale + shift;
      Mask code{};
      for (int corner = 1; corner < 4; ++corner) {
        const Vec v = load(image + corners.at[corner] + c) * scale + shift;
        const Mask larger = (v > best) | (v != v);  // as PyTorch: the first of equals, not-a-number above all
        best = select(larger, v, best);
        code = larger ? Mask{} + corner : code;
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
  with_types(z, y, [&](auto* from, auto* to) { affine_pool_images(shape, from, f, to, codes, begin, end); });
}

// ---- backward through bias, ReLU and pooling ----

template <class T>
void relu_backward_images(const ImageShape& shape, const T* dy, const T* y, T* dz, float* dshift, int64_t begin,
                          int64_t end) {
  for (int64_t p = begin * shape.pixels(); p < end * shape.pixels(); ++p) {
    for (int64_t c = 0; c < shape.channels; c += kWidth) {
      const int64_t i = p * shape.channels + c;
      const Vec d = select(load(y + i) > Vec{}, load(dy + i), Vec{});
      store(dz + i, d);
      add_to(dshift + c, d);
    }
  }
}

void relu_backward(const ImageShape& shape, ConstArray dy, ConstArray y, Array dz, float* dshift, int64_t begin,
                   int64_t end) {
  with_types(dy, dz, [&](auto* from, auto* to) {
    relu_backward_images(shape, from, static_cast<decltype(from)>(y.data), to, dshift, begin, end);
  });
}

DIGITREC_INLINE Mask load_codes(const uint8_t* codes) {
  return __builtin_convertvector(load_bytes<Bytes>(codes), Mask);
}

/// Rows and columns that no window covers, where height or width is odd.
template <class Body>
DIGITREC_INLINE void for_uncovered(const ImageShape& shape, Body body) {
  for (int64_t h = 0; h < shape.height; ++h) {
    const int64_t first = h < shape.height / 2 * 2 ? shape.width / 2 * 2 : 0;
    for (int64_t w = first; w < shape.width; ++w) {
      for (int64_t c = 0; c < shape.channels; c += kWidth) body((h * shape.width + w) * shape.channels + c, c);
    }
  }
}

template <class T>
void pool_backward_images(const ImageShape& shape, const T* dy, const uint8_t* codes, T* dz, float* dshift,
                          int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    T* image = dz + n * shape.size();
    for_uncovered(shape, [&](int64_t i, int64_t) { store(image + i, Vec{}); });
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const Vec d = load(dy + pooled);
      const Mask code = load_codes(codes + pooled);
      for (int corner = 0; corner < 4; ++corner) {
        store(image + corners.at[corner] + c, select(code == corner, d, Vec{}));
      }
      add_to(dshift + c, select(code < kPoolDead, d, Vec{}));
    });
  }
}

void pool_backward(const ImageShape& shape, ConstArray dy, const uint8_t* codes, Array dz, float* dshift, int64_t begin,
                   int64_t end) {
  with_types(dy, dz, [&](auto* from, auto* to) { pool_backward_images(shape, from, codes, to, dshift, begin, end); });
}

// ---- batch normalisation ----

/// Two passes over an image that the first has brought into the cache: no difference of large sums.
template <class T>
void image_moments(const ImageShape& shape, const T* image, float* mean, float* deviations) {
  for (int64_t c = 0; c < shape.channels; c += kWidth) {
    Vec sum{};
    for (int64_t i = c; i < shape.size(); i += shape.channels) sum += load(image + i);
    const Vec average = sum / broadcast(static_cast<float>(shape.pixels()));
    Vec squares{};
    for (int64_t i = c; i < shape.size(); i += shape.channels) {
      const Vec d = load(image + i) - average;
      squares += d * d;
    }
    store(mean + c, average);
    store(deviations + c, squares);
  }
}

void moments(const ImageShape& shape, ConstArray z, int64_t image, float* mean, float* deviations) {
  with_type(z, [&](auto* from) { image_moments(shape, from + image * shape.size(), mean, deviations); });
}

/// The gradient behind the normalisation at one vector without pooling: what the mask and the ReLU let through.
DIGITREC_INLINE Vec through_relu(const NormBackward& b, const float* mask, int64_t c, Vec z, Vec dy) {
  const Vec normalized = z * load(b.scale + c) + load(b.shift + c);
  return select(normalized > Vec{}, dy * load_or(mask, c, 1), Vec{});
}

DIGITREC_INLINE Vec standardize(const NormBackward& b, int64_t c, Vec z) {
  return (z - load(b.mean + c)) * load(b.inverse_deviation + c);
}

template <class T>
void norm_sums_images(const ImageShape& shape, const T* dy, const T* z, const uint8_t* codes, const NormBackward& b,
                      float* sum_d, float* sum_dx, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const T* image = z + n * shape.size();
    const float* mask = mask_of(b.mask, n, shape);
    if (codes == nullptr) {
      const T* gradient = dy + n * shape.size();
      for (int64_t c = 0; c < shape.channels; c += kWidth) {
        Vec sum{};
        Vec product{};
        for (int64_t i = c; i < shape.size(); i += shape.channels) {
          const Vec value = load(image + i);
          const Vec d = through_relu(b, mask, c, value, load(gradient + i));
          sum += d;
          product += d * standardize(b, c, value);
        }
        add_to(sum_d + c, sum);
        add_to(sum_dx + c, product);
      }
      continue;
    }
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const Mask code = load_codes(codes + pooled);
      const Vec d = select(code < kPoolDead, load(dy + pooled) * load_or(mask, c, 1), Vec{});
      Vec value = load(image + corners.at[0] + c);
      for (int corner = 1; corner < 4; ++corner) {
        value = select(code == corner, load(image + corners.at[corner] + c), value);
      }
      add_to(sum_d + c, d);
      add_to(sum_dx + c, d * standardize(b, c, value));
    });
  }
}

void norm_sums(const ImageShape& shape, ConstArray dy, ConstArray z, const uint8_t* codes, const NormBackward& b,
               float* sum_d, float* sum_dx, int64_t begin, int64_t end) {
  with_type(dy, [&](auto* gradient) {
    norm_sums_images(shape, gradient, static_cast<decltype(gradient)>(z.data), codes, b, sum_d, sum_dx, begin, end);
  });
}

/// The gradient before the normalisation, given the one behind it.
DIGITREC_INLINE Vec through_norm(const NormBackward& b, int64_t c, Vec z, Vec d) {
  return load(b.scale + c) * (d - load(b.mean_d + c) - standardize(b, c, z) * load(b.mean_dx + c));
}

template <class T>
void norm_backward_images(const ImageShape& shape, const T* dy, const T* z, const uint8_t* codes, const NormBackward& b,
                          T* dz, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const T* image = z + n * shape.size();
    T* to = dz + n * shape.size();
    const float* mask = mask_of(b.mask, n, shape);
    if (codes == nullptr) {
      const T* gradient = dy + n * shape.size();
      for (int64_t p = 0; p < shape.size(); p += shape.channels) {
        for (int64_t c = 0; c < shape.channels; c += kWidth) {
          const Vec value = load(image + p + c);
          store(to + p + c, through_norm(b, c, value, through_relu(b, mask, c, value, load(gradient + p + c))));
        }
      }
      continue;
    }
    for_uncovered(shape, [&](int64_t i, int64_t c) { store(to + i, through_norm(b, c, load(image + i), Vec{})); });
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const Mask code = load_codes(codes + pooled);
      const Vec d = load(dy + pooled) * load_or(mask, c, 1);
      for (int corner = 0; corner < 4; ++corner) {
        const int64_t i = corners.at[corner] + c;
        store(to + i, through_norm(b, c, load(image + i), select(code == corner, d, Vec{})));
      }
    });
  }
}

void norm_backward(const ImageShape& shape, ConstArray dy, ConstArray z, const uint8_t* codes, const NormBackward& b,
                   Array dz, int64_t begin, int64_t end) {
  with_types(dy, dz, [&](auto* gradient, auto* to) {
    norm_backward_images(shape, gradient, static_cast<decltype(gradient)>(z.data), codes, b, to, begin, end);
  });
}

}  // namespace digitrec::kernels::DIGITREC_ISA
