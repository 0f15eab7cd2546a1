#include "image/ink.h"

#include "digitrec/core/error.h"
#include "image/background.h"
#include "image/frame.h"
#include "image/median.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>

namespace digitrec {
namespace {

/// Larger pictures are shrunk to this side: strokes stay several pixels wide, and a photo costs no more than a drawing.
constexpr int64_t kSide = 512;
/// Contrast between ink and background, of 255, that a drawing needs, and one on an even canvas.
constexpr float kMinContrast = 16;
constexpr float kMinContrastOnEven = 8;
/// Ink that stands out by fewer deviations of the background is noise.
constexpr float kMinDeviations = 6;

/// Grey levels 0 to 255.
Drawing levels_of(const GrayImage& image) {
  Drawing levels(image.width, image.height);
  std::copy(image.pixels.begin(), image.pixels.end(), levels.ink.begin());
  return std::max(image.width, image.height) <= kSide ? levels : scale_to_side(levels, levels.whole(), kSide);
}

/// How far the background's levels lie from 0. Ink, which may cover much of the edge or of the middle, is above `ink`.
float find_noise(const Drawing& drawing, float ink) {
  const auto without_ink = [ink](std::vector<float> values) {
    std::erase_if(values, [ink](float value) { return value > ink; });
    return values.empty() ? 0 : deviation(std::move(values));
  };
  const float along_edge = without_ink(edge_pixels(drawing));
  if (along_edge == 0) return 0;
  std::vector<float> sample;
  const size_t step = 1 + drawing.ink.size() / 20000;
  for (size_t i = 0; i < drawing.ink.size(); i += step) sample.push_back(drawing.ink[i]);
  return std::min(along_edge, without_ink(std::move(sample)));
}

}  // namespace

Drawing find_ink(const GrayImage& image) {
  Drawing levels = levels_of(image);
  cover_frame(levels);
  Drawing ink = subtract_background(std::move(levels));
  const float strongest = *std::max_element(ink.ink.begin(), ink.ink.end());
  const float noise = find_noise(ink, strongest / 2);
  if (strongest < (noise == 0 ? kMinContrastOnEven : kMinContrast)) {
    throw Error(
        fmt::format("{}: blank: no ink stands out from the background; expected a picture of a digit", image.source));
  }
  if (strongest < kMinDeviations * noise) {
    throw Error(fmt::format("{}: {}", image.source, kNoise));
  }

  std::vector<float> strong;
  std::copy_if(ink.ink.begin(), ink.ink.end(), std::back_inserter(strong),
               [&](float value) { return value > strongest / 2; });
  const float full = median(std::move(strong));
  const float floor = std::min(3 * noise, full / 2);
  for (float& value : ink.ink) value = std::clamp((value - floor) / (full - floor), 0.0F, 1.0F);
  return ink;
}

}  // namespace digitrec
