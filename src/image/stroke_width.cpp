#include "image/stroke_width.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace digitrec {
namespace {

constexpr float kFar = 1e12F;

/// For each of `n` places, `stride` apart, the minimum over all places of its value plus the squared distance to it.
/// The lower envelope of parabolas (Felzenszwalb and Huttenlocher 2012).
void transform_line(float* values, int64_t n, int64_t stride) {
  std::vector<float> f(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) f[static_cast<size_t>(i)] = values[i * stride];
  std::vector<int64_t> vertex(static_cast<size_t>(n));
  std::vector<double> from(static_cast<size_t>(n) + 1);
  const auto meet = [&](int64_t a, int64_t b) {  // where b's parabola goes below a's
    const double fa = f[static_cast<size_t>(a)] + static_cast<double>(a * a);
    const double fb = f[static_cast<size_t>(b)] + static_cast<double>(b * b);
    return (fb - fa) / static_cast<double>(2 * (b - a));
  };
  size_t last = 0;
  vertex[0] = 0;
  from[0] = -std::numeric_limits<double>::infinity();
  from[1] = std::numeric_limits<double>::infinity();
  for (int64_t i = 1; i < n; ++i) {
    double start = meet(vertex[last], i);
    while (start <= from[last]) start = meet(vertex[--last], i);
    vertex[++last] = i;
    from[last] = start;
    from[last + 1] = std::numeric_limits<double>::infinity();
  }
  size_t k = 0;
  for (int64_t i = 0; i < n; ++i) {
    while (from[k + 1] < static_cast<double>(i)) ++k;
    const int64_t away = i - vertex[k];
    values[i * stride] = f[static_cast<size_t>(vertex[k])] + static_cast<float>(away * away);
  }
}

/// Each pixel's distance to the nearest pixel for which `wanted` is true.
template <typename Wanted>
Drawing distance_to(const Drawing& drawing, const Wanted& wanted) {
  Drawing distance(drawing.width, drawing.height);
  for (size_t i = 0; i < drawing.ink.size(); ++i) distance.ink[i] = wanted(drawing.ink[i]) ? 0 : kFar;
  for (int64_t x = 0; x < drawing.width; ++x) transform_line(&distance.at(x, 0), drawing.height, drawing.width);
  for (int64_t y = 0; y < drawing.height; ++y) transform_line(&distance.at(0, y), drawing.width, 1);
  for (float& value : distance.ink) value = std::sqrt(value);
  return distance;
}

bool is_ink(float value) { return value >= 0.5F; }
bool is_paper(float value) { return !is_ink(value); }

Drawing with_border(const Drawing& drawing, int64_t border) {
  Drawing wide(drawing.width + 2 * border, drawing.height + 2 * border);
  for (int64_t y = 0; y < drawing.height; ++y) {
    for (int64_t x = 0; x < drawing.width; ++x) wide.at(x + border, y + border) = drawing.at(x, y);
  }
  return wide;
}

}  // namespace

Drawing distance_to_ink(const Drawing& drawing, float threshold) {
  return distance_to(drawing, [threshold](float value) { return value >= threshold; });
}

Strokes measure_strokes(const Drawing& drawing) {
  const Drawing distance = distance_to(with_border(drawing, 1), is_paper);
  double sum = 0;
  int64_t count = 0;
  float widest = 0;
  for (int64_t y = 1; y + 1 < distance.height; ++y) {
    for (int64_t x = 1; x + 1 < distance.width; ++x) {
      const float here = distance.at(x, y);
      if (here <= 0) continue;
      float around = 0;
      for (int64_t dy = -1; dy <= 1; ++dy) {
        for (int64_t dx = -1; dx <= 1; ++dx) around = std::max(around, distance.at(x + dx, y + dy));
      }
      if (here < around) continue;
      sum += here;
      ++count;
      widest = std::max(widest, here);
    }
  }
  // The distance is to the middle of the first pixel outside, half a pixel beyond the edge on either side.
  return count == 0 ? Strokes{0, 0} : Strokes{2 * sum / static_cast<double>(count) - 1, 2 * widest - 1};
}

Drawing thicken(const Drawing& drawing, double by) {
  const Drawing wide = with_border(drawing, std::max<int64_t>(1, static_cast<int64_t>(std::ceil(by))));
  const Drawing to_ink = distance_to(wide, is_ink);
  const Drawing to_paper = distance_to(wide, is_paper);
  Drawing result(wide.width, wide.height);
  for (size_t i = 0; i < result.ink.size(); ++i) {
    // Distance to the edge, positive on paper; ink fades over the pixel that the new edge crosses.
    const double edge = to_ink.ink[i] > 0 ? to_ink.ink[i] - 0.5 : 0.5 - to_paper.ink[i];
    result.ink[i] = static_cast<float>(std::clamp(0.5 - edge + by / 2, 0.0, 1.0));
  }
  return result;
}

}  // namespace digitrec
