#include "synth/pen.h"

#include "core/drawing.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace digitrec {
namespace {

double distance_to_segment(Point p, Point a, Point b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// Scales the strokes, pen width included, into the box.
void fit_into_box(std::vector<Stroke>& strokes, double radius, int64_t box) {
  Point low{1e9, 1e9};
  Point high{-1e9, -1e9};
  for (const Stroke& stroke : strokes) {
    for (const Point& p : stroke) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
  }
  const double room = static_cast<double>(box) - 2 * radius;
  const double scale = room / std::max({high.x - low.x, high.y - low.y, 1e-3});
  const Point offset{(static_cast<double>(box) - scale * (high.x + low.x)) / 2,
                     (static_cast<double>(box) - scale * (high.y + low.y)) / 2};
  for (Stroke& stroke : strokes) {
    for (Point& p : stroke) p = {scale * p.x + offset.x, scale * p.y + offset.y};
  }
}

/// Full ink within the pen's radius of the line, fading to none over `softness` pixels.
Drawing draw(const std::vector<Stroke>& strokes, double radius, double softness, int64_t box, Random& random) {
  Drawing drawing(box, box);
  const double phase = random.uniform(0, 2 * std::numbers::pi);
  const double pressure = random.uniform(0, 0.18);  // how much the width varies along the way
  for (const Stroke& stroke : strokes) {
    for (size_t i = 0; i + 1 < stroke.size(); ++i) {
      const Point a = stroke[i];
      const Point b = stroke[i + 1];
      const double r = radius * (1 + pressure * std::sin(phase + 0.15 * static_cast<double>(i)));
      const double reach = r + softness;
      const auto first = [&](double v) { return std::max<int64_t>(0, static_cast<int64_t>(std::floor(v - reach))); };
      const auto last = [&](double v) {
        return std::min<int64_t>(box - 1, static_cast<int64_t>(std::ceil(v + reach)));
      };
      for (int64_t y = first(std::min(a.y, b.y)); y <= last(std::max(a.y, b.y)); ++y) {
        for (int64_t x = first(std::min(a.x, b.x)); x <= last(std::max(a.x, b.x)); ++x) {
          const Point center{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
          const double edge = r - distance_to_segment(center, a, b);
          const auto ink = static_cast<float>(std::clamp(edge / softness + 0.5, 0.0, 1.0));
          drawing.at(x, y) = std::max(drawing.at(x, y), ink);
        }
      }
    }
  }
  return drawing;
}

}  // namespace

Stroke smooth(const Stroke& points) {
  constexpr int kSteps = 6;
  Stroke line;
  const auto count = static_cast<int64_t>(points.size());
  const auto at = [&](int64_t i) { return points[static_cast<size_t>(std::clamp<int64_t>(i, 0, count - 1))]; };
  for (int64_t i = 0; i + 1 < count; ++i) {
    const Point a = at(i - 1);
    const Point b = at(i);
    const Point c = at(i + 1);
    const Point d = at(i + 2);
    for (int step = 0; step < kSteps; ++step) {
      const double t = static_cast<double>(step) / kSteps;
      const auto blend = [t](double p, double q, double r, double s) {
        return 0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t * t * t);
      };
      line.push_back({blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)});
    }
  }
  line.push_back(points.back());
  return line;
}

std::vector<uint8_t> draw_framed(std::vector<Stroke> strokes, double radius, int64_t image_size, Random& random) {
  const int64_t box = box_size(image_size);
  const double unit = static_cast<double>(image_size) / 28;
  fit_into_box(strokes, radius * unit, box);
  const double softness = random.uniform(0.9, 1.6) * unit;
  return center_by_mass(draw(strokes, radius * unit, softness, box, random), image_size);
}

}  // namespace digitrec
