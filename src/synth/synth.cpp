#include "synth/synth.h"

#include "core/atomic_file.h"
#include "core/file.h"
#include "core/random.h"
#include "data/csv_writer.h"
#include "digitrec/core/error.h"
#include "synth/digit_shapes.h"
#include "synth/pen.h"

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

std::vector<uint8_t> draw_digit(int digit, int64_t image_size, Random& random) {
  std::vector<Stroke> strokes = write_strokes(digit, random);
  const double radius = std::clamp(1.25 * std::exp(random.normal(0.28)), 0.65, 2.3);
  return draw_framed(std::move(strokes), radius, image_size, random);
}

}  // namespace

std::vector<uint8_t> draw_synthetic_digit(int64_t digit, int64_t image_size, uint64_t seed) {
  Random random(seed);
  return draw_digit(static_cast<int>(digit), image_size, random);
}

Dataset draw_synthetic_digits(int64_t count, uint64_t seed) {
  std::vector<uint8_t> pixels;
  pixels.reserve(static_cast<size_t>(count * kImageSize * kImageSize));
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < count; ++i) {
    Random random(mix_seed(seed, static_cast<uint64_t>(i)));
    const auto digit = static_cast<int>(random.below(10));
    const std::vector<uint8_t> image = draw_digit(digit, kImageSize, random);
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
