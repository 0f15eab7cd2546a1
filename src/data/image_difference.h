#pragma once

#include <cstdint>

namespace digitrec {

/// A view of one image, S x S pixels of 0 (background) to 255.
struct ImageView {
  const uint8_t* pixels;
  int64_t size;  ///< S

  double at(int64_t y, int64_t x) const { return pixels[y * size + x]; }
};

/// Where the ink of an image lies.
struct InkCentre {
  double x = 0;
  double y = 0;
  double pixels = 0;  ///< about how many pixels have ink: (sum of p)^2 / sum of p^2
};

InkCentre ink_centre(const ImageView& image);

/// How far two images differ: the root of the sum of squared differences as a share of the fainter one's.
double difference(const ImageView& a, const ImageView& b);

/// The same once `a` is moved by whole pixels so that its centre is nearest to that of `b`, and the ink of either is
/// multiplied, up to 255, to be most like the other's.
double difference_as_moved(const ImageView& a, const InkCentre& centre_of_a, const ImageView& b,
                           const InkCentre& centre_of_b);

}  // namespace digitrec
