#include "data/image_difference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace digitrec {
namespace {

/// Pixels at this level or above may have been cut off at 255.
constexpr double kNearlyWhite = 250;

/// Moves an image by whole pixels: what comes from beyond its edge is background.
struct Moved {
  ImageView image;
  int64_t right;
  int64_t down;

  double at(int64_t y, int64_t x) const {
    const int64_t from_y = y - down;
    const int64_t from_x = x - right;
    const bool is_inside = from_y >= 0 && from_y < image.size && from_x >= 0 && from_x < image.size;
    return is_inside ? image.at(from_y, from_x) : 0;
  }
};

template <class Visit>
void for_each_pixel(int64_t size, Visit visit) {
  for (int64_t y = 0; y < size; ++y) {
    for (int64_t x = 0; x < size; ++x) visit(y, x);
  }
}

/// How far `b` is from `a` with its ink multiplied by `factor`, up to 255.
template <class A, class B>
double difference_at(const A& a, const B& b, double factor, int64_t size) {
  double squares = 0;
  double ink_of_a = 0;
  double ink_of_b = 0;
  for_each_pixel(size, [&](int64_t y, int64_t x) {
    const double p = std::min(255.0, factor * a.at(y, x));
    const double q = b.at(y, x);
    squares += (p - q) * (p - q);
    ink_of_a += p * p;
    ink_of_b += q * q;
  });
  const double ink = std::min(ink_of_a, ink_of_b);
  return ink > 0 ? std::sqrt(squares / ink) : std::numeric_limits<double>::infinity();
}

/// The factor by which the ink of `a` comes closest to that of `b`: least squares over the pixels that are cut off in
/// neither.
template <class A, class B>
double best_factor(const A& a, const B& b, int64_t size) {
  double products = 0;
  double squares = 0;
  for_each_pixel(size, [&](int64_t y, int64_t x) {
    const double p = a.at(y, x);
    const double q = b.at(y, x);
    if (p >= kNearlyWhite || q >= kNearlyWhite) return;
    products += p * q;
    squares += p * p;
  });
  return products > 0 ? products / squares : 1;
}

}  // namespace

InkCentre ink_centre(const ImageView& image) {
  double sum = 0;
  double squares = 0;
  InkCentre centre;
  for_each_pixel(image.size, [&](int64_t y, int64_t x) {
    const double p = image.at(y, x);
    sum += p;
    squares += p * p;
    centre.x += p * static_cast<double>(x);
    centre.y += p * static_cast<double>(y);
  });
  if (sum == 0) return {};
  return {centre.x / sum, centre.y / sum, sum * sum / squares};
}

double difference(const ImageView& a, const ImageView& b) { return difference_at(a, b, 1, a.size); }

double difference_as_moved(const ImageView& a, const InkCentre& centre_of_a, const ImageView& b,
                           const InkCentre& centre_of_b) {
  const Moved moved{a, std::llround(centre_of_b.x - centre_of_a.x), std::llround(centre_of_b.y - centre_of_a.y)};
  // Either may be the one that was cut off at 255, and only from the other can that be seen.
  return std::min(difference_at(moved, b, best_factor(moved, b, a.size), a.size),
                  difference_at(b, moved, best_factor(b, moved, a.size), a.size));
}

}  // namespace digitrec
