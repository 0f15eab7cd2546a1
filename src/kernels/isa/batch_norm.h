// Batch normalisation with the statistics of the batch itself: its moments, and the way back through it and through
// what follows it, in two passes.
#pragma once

#include "kernels/isa/pooling.h"

namespace digitrec::kernels::DIGITREC_ISA {

/// Two passes over an image that the first has brought into the cache: no difference of large sums.
template <class T>
void image_moments(const ImageShape& shape, const T* image, float* mean, float* squared_deviations) {
  for (int64_t c = 0; c < shape.channels; c += kLanes) {
    Vec sum{};
    for (int64_t i = c; i < shape.size(); i += shape.channels) sum += load(image + i);
    const Vec average = sum / broadcast(static_cast<float>(shape.pixels()));
    Vec squares{};
    for (int64_t i = c; i < shape.size(); i += shape.channels) {
      const Vec d = load(image + i) - average;
      squares += d * d;
    }
    store(mean + c, average);
    store(squared_deviations + c, squares);
  }
}

void moments(const ImageShape& shape, ConstArray z, int64_t image, float* mean, float* squared_deviations) {
  assert(is_image(shape) && image >= 0);
  assert(is_array(z) && is_floats(mean) && is_floats(squared_deviations) && mean != squared_deviations);
  with_type(z, [&](auto* from) { image_moments(shape, from + image * shape.size(), mean, squared_deviations); });
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
                      float* sum_dy, float* sum_dy_xhat, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const T* image = z + n * shape.size();
    const float* mask = mask_row(b.dropout_mask, n, shape);
    if (codes == nullptr) {
      const T* gradient = dy + n * shape.size();
      for (int64_t c = 0; c < shape.channels; c += kLanes) {
        Vec sum{};
        Vec product{};
        for (int64_t i = c; i < shape.size(); i += shape.channels) {
          const Vec value = load(image + i);
          const Vec d = through_relu(b, mask, c, value, load(gradient + i));
          sum += d;
          product += d * standardize(b, c, value);
        }
        add_to(sum_dy + c, sum);
        add_to(sum_dy_xhat + c, product);
      }
      continue;
    }
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const LaneMask code = load_codes(codes + pooled);
      const Vec d = select(code < kPoolDead, load(dy + pooled) * load_or(mask, c, 1), Vec{});
      Vec value = load(image + corners.at[0] + c);
      for (int corner = 1; corner < 4; ++corner) {
        value = select(code == corner, load(image + corners.at[corner] + c), value);
      }
      add_to(sum_dy + c, d);
      add_to(sum_dy_xhat + c, d * standardize(b, c, value));
    });
  }
}

void norm_sums(const ImageShape& shape, ConstArray dy, ConstArray z, const uint8_t* codes, const NormBackward& b,
               float* sum_dy, float* sum_dy_xhat, int64_t begin, int64_t end) {
  assert(is_image(shape) && is_range(begin, end));
  assert(is_array(dy) && is_array(z) && z.type == dy.type);
  assert(is_norm(b) && is_floats(sum_dy) && is_floats(sum_dy_xhat) && sum_dy != sum_dy_xhat);
  with_type(dy, [&](auto* gradient) {
    norm_sums_images(shape, gradient, static_cast<decltype(gradient)>(z.data), codes, b, sum_dy, sum_dy_xhat, begin,
                     end);
  });
}

/// The gradient before the normalisation, given the one behind it.
DIGITREC_INLINE Vec through_norm(const NormBackward& b, int64_t c, Vec z, Vec d) {
  return load(b.scale + c) * (d - load(b.mean_dy + c) - standardize(b, c, z) * load(b.mean_dy_xhat + c));
}

template <class T>
void norm_backward_images(const ImageShape& shape, const T* dy, const T* z, const uint8_t* codes, const NormBackward& b,
                          T* dz, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    const T* image = z + n * shape.size();
    T* to = dz + n * shape.size();
    const float* mask = mask_row(b.dropout_mask, n, shape);
    if (codes == nullptr) {
      const T* gradient = dy + n * shape.size();
      for (int64_t p = 0; p < shape.size(); p += shape.channels) {
        for (int64_t c = 0; c < shape.channels; c += kLanes) {
          const Vec value = load(image + p + c);
          store(to + p + c, through_norm(b, c, value, through_relu(b, mask, c, value, load(gradient + p + c))));
        }
      }
      continue;
    }
    for_uncovered(shape, [&](int64_t i, int64_t c) { store(to + i, through_norm(b, c, load(image + i), Vec{})); });
    for_windows(shape, n, [&](int64_t pooled, const Window& corners, int64_t c) {
      const LaneMask code = load_codes(codes + pooled);
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
  assert(is_image(shape) && is_range(begin, end));
  assert(is_array(dy) && is_array(z) && is_array(dz) && z.type == dy.type && dz.type == dy.type);
  assert(dz.data != dy.data && dz.data != z.data);
  assert(is_norm(b) && is_floats(b.mean_dy) && is_floats(b.mean_dy_xhat));
  with_types(dy, dz, [&](auto* gradient, auto* to) {
    norm_backward_images(shape, gradient, static_cast<decltype(gradient)>(z.data), codes, b, to, begin, end);
  });
}

}  // namespace digitrec::kernels::DIGITREC_ISA
