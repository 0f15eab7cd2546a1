#include "image/ink.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace digitrec {
namespace {

/// Larger pictures are shrunk to this side: strokes stay several pixels wide, and a photo costs no more than a drawing.
constexpr int64_t kSide = 512;
/// Contrast between ink and background, of 255, that a drawing needs.
constexpr float kMinContrast = 40;
/// Ink that stands out by fewer deviations of the background is noise.
constexpr float kMinDeviations = 6;

/// Grey levels 0 to 255.
Drawing levels_of(const GrayImage& image) {
  Drawing levels(image.width, image.height);
  std::copy(image.pixels.begin(), image.pixels.end(), levels.ink.begin());
  return std::max(image.width, image.height) <= kSide ? levels : scale_to_side(levels, levels.whole(), kSide);
}

float median(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size()) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The pixels along the edge, which show the background wherever the digit is drawn.
std::vector<float> border(const Drawing& drawing) {
  std::vector<float> found;
  for (int64_t x = 0; x < drawing.width; ++x) {
    found.push_back(drawing.at(x, 0));
    found.push_back(drawing.at(x, drawing.height - 1));
  }
  for (int64_t y = 0; y < drawing.height; ++y) {
    found.push_back(drawing.at(0, y));
    found.push_back(drawing.at(drawing.width - 1, y));
  }
  return found;
}

/// How far values lie from 0: 1.48 times the median distance, which for a normal distribution is its deviation.
float deviation(std::vector<float> values) {
  for (float& value : values) value = std::abs(value);
  return 1.4826F * median(std::move(values));
}

/// A surface a + b x + c y + d x^2 + e x y + f y^2 over the picture, x and y from -1 to 1: how light falls on paper.
using Surface = std::array<double, 6>;

std::array<double, 6> terms(const Drawing& drawing, int64_t column, int64_t row) {
  const double x = 2 * (static_cast<double>(column) + 0.5) / static_cast<double>(drawing.width) - 1;
  const double y = 2 * (static_cast<double>(row) + 0.5) / static_cast<double>(drawing.height) - 1;
  return {1, x, y, x * x, x * y, y * y};
}

double value_of(const Surface& surface, const std::array<double, 6>& at) {
  double sum = 0;
  for (size_t i = 0; i < at.size(); ++i) sum += surface[i] * at[i];
  return sum;
}

/// Least squares over those pixels that lie within `tolerance` of `from`; one pixel in nine is looked at.
Surface fit(const Drawing& levels, const Surface& from, double tolerance) {
  std::array<std::array<double, 7>, 6> equations{};
  for (int64_t y = 0; y < levels.height; y += 3) {
    for (int64_t x = 0; x < levels.width; x += 3) {
      const auto at = terms(levels, x, y);
      if (std::abs(levels.at(x, y) - value_of(from, at)) > tolerance) continue;
      for (size_t i = 0; i < 6; ++i) {
        for (size_t j = 0; j < 6; ++j) equations[i][j] += at[i] * at[j];
        equations[i][6] += at[i] * levels.at(x, y);
      }
    }
  }
  for (size_t i = 0; i < 6; ++i) equations[i][i] += 1e-6;  // a solution also of a picture one pixel wide
  for (size_t i = 0; i < 6; ++i) {                         // Gauss and Jordan; the matrix is positive definite
    for (size_t row = 0; row < 6; ++row) {
      if (row == i) continue;
      const double factor = equations[row][i] / equations[i][i];
      for (size_t column = i; column < 7; ++column) equations[row][column] -= factor * equations[i][column];
    }
  }
  Surface surface{};
  for (size_t i = 0; i < 6; ++i) surface[i] = equations[i][6] / equations[i][i];
  return surface;
}

/// Subtracts the background: it becomes 0, lighter pixels positive, darker ones negative.
void flatten(Drawing& levels) {
  const std::vector<float> edge = border(levels);
  Surface background{median(edge)};
  std::vector<float> from_middle = edge;
  for (float& value : from_middle) value -= static_cast<float>(background[0]);
  const double spread = deviation(from_middle);
  if (spread == 0) {  // an even background, as on any canvas
    for (float& value : levels.ink) value -= static_cast<float>(background[0]);
    return;
  }
  for (double tolerance = std::max(60.0, 3 * spread); tolerance > 10; tolerance *= 0.7) {
    background = fit(levels, background, tolerance);
  }
  for (int64_t y = 0; y < levels.height; ++y) {
    for (int64_t x = 0; x < levels.width; ++x) {
      levels.at(x, y) -= static_cast<float>(value_of(background, terms(levels, x, y)));
    }
  }
}

}  // namespace

Drawing find_ink(const GrayImage& image) {
  Drawing ink = levels_of(image);
  flatten(ink);

  double lighter = 0;
  double darker = 0;
  for (const float value : ink.ink) (value > 0 ? lighter : darker) += static_cast<double>(value) * value;
  if (darker > lighter) {
    for (float& value : ink.ink) value = -value;
  }
  const float strongest = *std::max_element(ink.ink.begin(), ink.ink.end());
  if (strongest < kMinContrast) {
    throw Error(
        fmt::format("{}: blank: no ink stands out from the background; expected a picture of a digit", image.source));
  }
  const float noise = deviation(border(ink));
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
