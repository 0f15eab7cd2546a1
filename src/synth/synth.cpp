#include "synth/synth.h"

#include "core/atomic_file.h"
#include "core/file.h"
#include "core/random.h"
#include "data/csv_writer.h"
#include "digitrec/core/error.h"
#include "image/drawing.h"
#include "synth/digit_shapes.h"

#include <ATen/ops/zeros_like.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kImageSize = 28;
constexpr int64_t kBox = 20;  ///< MNIST scales a digit into 20 x 20

/// Elastic noise: a smooth random shift of the plane, the sum of a few long waves.
class Warp {
 public:
  explicit Warp(Random& random, double strength) {
    for (Wave& wave : waves_) {
      const double angle = random.uniform(0, 2 * std::numbers::pi);
      const double frequency = random.uniform(2.0, 7.0);  // radians across the digit: up to about one whole wave
      wave = {frequency * std::cos(angle), frequency * std::sin(angle), random.uniform(0, 2 * std::numbers::pi),
              random.normal(strength), random.normal(strength)};
    }
  }

  Point operator()(Point p) const {
    Point moved = p;
    for (const Wave& wave : waves_) {
      const double value = std::sin(wave.kx * p.x + wave.ky * p.y + wave.phase);
      moved.x += wave.dx * value;
      moved.y += wave.dy * value;
    }
    return moved;
  }

 private:
  struct Wave {
    double kx, ky, phase, dx, dy;
  };
  std::array<Wave, 4> waves_;
};

/// A Catmull-Rom spline through the points, as a fine polyline.
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

/// Lengthens or shortens a stroke at one end, as hurried writers do.
void vary_end(Stroke& stroke, Random& random, bool at_start) {
  Point& end = at_start ? stroke.front() : stroke.back();
  const Point next = at_start ? stroke[1] : stroke[stroke.size() - 2];
  const double change = random.normal(0.20);
  end.x += change * (end.x - next.x);
  end.y += change * (end.y - next.y);
}

const Style& choose_style(int digit, Random& random) {
  const std::vector<Style>& styles = styles_of(digit);
  double total = 0;
  for (const Style& style : styles) total += style.weight;
  double pick = random.uniform(0, total);
  for (const Style& style : styles) {
    pick -= style.weight;
    if (pick < 0) return style;
  }
  return styles.back();
}

/// One writer: every stroke of a digit gets the same distortions.
std::vector<Stroke> write_strokes(int digit, Random& random) {
  const Style& style = choose_style(digit, random);
  const Warp bend(random, 0.055);
  const double aspect = (digit == 1 ? 0.8 : 0.78) * std::exp(random.normal(0.20));
  const double slant = 0.12 + random.normal(0.24);
  const double angle = random.normal(0.07);
  const double squeeze = random.normal(0.10);  // moves height between the upper and the lower half
  const double wobble = random.uniform(0.01, 0.045);
  std::vector<Stroke> strokes;
  for (Stroke stroke : style.strokes) {
    vary_end(stroke, random, true);
    vary_end(stroke, random, false);
    for (size_t i = 0; i < stroke.size(); ++i) {
      Point& p = stroke[i];
      // The ends stay, since other strokes may join there; the points between them move.
      if (i > 0 && i + 1 < stroke.size()) p = {p.x + random.normal(wobble), p.y + random.normal(wobble)};
      p = bend(p);
      const double y = p.y - 0.5;
      p.y = 0.5 + y + squeeze * (0.25 - y * y);
      const double x = aspect * (p.x - 0.5) - slant * (p.y - 0.5);
      const double h = p.y - 0.5;
      p = {x * std::cos(angle) - h * std::sin(angle), x * std::sin(angle) + h * std::cos(angle)};
    }
    strokes.push_back(smooth(stroke));
  }
  return strokes;
}

double distance_to_segment(Point p, Point a, Point b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// Scales the strokes, pen width included, into the 20 x 20 box.
void fit_into_box(std::vector<Stroke>& strokes, double radius) {
  Point low{1e9, 1e9};
  Point high{-1e9, -1e9};
  for (const Stroke& stroke : strokes) {
    for (const Point& p : stroke) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
  }
  const double room = static_cast<double>(kBox) - 2 * radius;
  const double scale = room / std::max({high.x - low.x, high.y - low.y, 1e-3});
  const Point offset{(static_cast<double>(kBox) - scale * (high.x + low.x)) / 2,
                     (static_cast<double>(kBox) - scale * (high.y + low.y)) / 2};
  for (Stroke& stroke : strokes) {
    for (Point& p : stroke) p = {scale * p.x + offset.x, scale * p.y + offset.y};
  }
}

/// Full ink within the pen's radius of the line, fading to none over `softness` pixels.
Drawing draw(const std::vector<Stroke>& strokes, double radius, double softness, Random& random) {
  Drawing drawing(kBox, kBox);
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
        return std::min<int64_t>(kBox - 1, static_cast<int64_t>(std::ceil(v + reach)));
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

std::vector<uint8_t> draw_digit(int digit, Random& random) {
  std::vector<Stroke> strokes = write_strokes(digit, random);
  const double radius = std::clamp(1.25 * std::exp(random.normal(0.28)), 0.65, 2.3);
  fit_into_box(strokes, radius);
  return center_by_mass(draw(strokes, radius, random.uniform(0.9, 1.6), random), kImageSize);
}

}  // namespace

Dataset draw_synthetic_digits(int64_t count, uint64_t seed) {
  std::vector<uint8_t> pixels;
  pixels.reserve(static_cast<size_t>(count * kImageSize * kImageSize));
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) {
    Random random(mix_seed(seed, static_cast<uint64_t>(i)));
    const auto digit = static_cast<int>(random.below(10));
    const std::vector<uint8_t> image = draw_digit(digit, random);
    pixels.insert(pixels.end(), image.begin(), image.end());
    labels.push_back(digit);
  }
  return make_dataset(std::move(pixels), std::move(labels), kImageSize, "synthetic digits");
}

void write_synthetic_data(const fs::path& folder, int64_t train, int64_t test, uint64_t seed) {
  constexpr std::array kFiles{"train.csv", "test.csv", "test_labels.csv", "sample_submission.csv"};
  for (const char* name : kFiles) {
    if (fs::exists(folder / name)) {
      throw Error(fmt::format("{}: already exists", (folder / name).string()), "choose another `out` or remove it");
    }
  }
  make_folder(folder);
  const Dataset training = draw_synthetic_digits(train, mix_seed(seed, 1));
  Dataset held_back = draw_synthetic_digits(test, mix_seed(seed, 2));
  const at::Tensor labels = std::exchange(held_back.labels, at::Tensor());
  std::vector<fs::path> written;
  const auto place = [&](const char* name) -> const fs::path& { return written.emplace_back(folder / name); };
  try {
    // train.csv last: when it exists, all files do.
    write_file(place("test_labels.csv"), id_label_csv(labels));
    write_file(place("sample_submission.csv"), id_label_csv(at::zeros_like(labels)));
    write_image_csv(place("test.csv"), held_back);
    write_image_csv(place("train.csv"), training);
  } catch (const Error&) {
    std::error_code ignored;
    for (const fs::path& file : written) fs::remove(file, ignored);
    throw;
  }
}

}  // namespace digitrec
