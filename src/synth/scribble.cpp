#include "synth/scribble.h"

#include "synth/pen.h"

#include <cmath>

namespace digitrec {
namespace {

/// The points of letters and signs lie near those of a grid.
Point near_grid(Random& random) {
  constexpr double kOff = 0.05;
  const auto place = [&] { return static_cast<double>(random.below(3)) / 2 + random.normal(kOff); };
  return {0.8 * place(), place()};
}

Stroke letter_stroke(Random& random) {
  Stroke stroke;
  const uint64_t points = 2 + random.below(3);
  for (uint64_t i = 0; i < points; ++i) stroke.push_back(near_grid(random));
  return random.chance(0.5) ? smooth(stroke) : stroke;
}

/// A walk that turns.
Stroke long_stroke(Random& random) {
  Stroke stroke{{0, 0}};
  const uint64_t points = 5 + random.below(10);
  for (uint64_t i = 0; i < points; ++i) {
    stroke.push_back({stroke.back().x + random.normal(0.4), stroke.back().y + random.normal(0.4)});
  }
  return smooth(stroke);
}

}  // namespace

std::vector<uint8_t> draw_scribble(int64_t image_size, uint64_t seed) {
  Random random(seed);
  std::vector<Stroke> strokes;
  if (random.chance(0.45)) {
    strokes.push_back(long_stroke(random));
  } else {
    const uint64_t count = 2 + random.below(3);
    for (uint64_t i = 0; i < count; ++i) strokes.push_back(letter_stroke(random));
  }
  return draw_framed(std::move(strokes), random.uniform(0.8, 2), image_size, random);
}

}  // namespace digitrec
