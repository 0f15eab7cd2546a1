#include "image/background.h"

#include "image/components.h"
#include "image/median.h"
#include "image/morphology.h"
#include "image/tight_crop.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace digitrec {
namespace {

/// Pixels along the edge that lie this many grey levels off the fitted surface are another surface, or ink.
constexpr float kStep = 25;
/// A larger share of such pixels means that the background has edges of its own; on an even canvas, where they are
/// those of a drawing cut tightly, a share above this.
constexpr double kMaxOff = 0.15;
constexpr double kMaxInk = 0.35;
/// And so do this many of them in a row, in parts of the edge, also this share of the shorter side further inside: a
/// lit corner is wider than the strokes that the edge cuts, and higher than a line along it.
constexpr double kMaxOffInRow = 0.06;
constexpr double kLitCorner = 0.06;
/// Strokes cover no more than this share of a picture, but for pictures smaller than this.
constexpr double kMostInk = 0.4;
constexpr int64_t kSmallest = 64;
/// Paper fills this share of the box around it.
constexpr double kPaper = 0.8;
/// Wider than this share of the shorter side is no stroke, but background.
constexpr double kWidestStroke = 0.33;
/// Thin things that are lighter than what is around them are ink where they are this many times those that are darker.
constexpr double kSure = 3;
/// The shade of a background darker than this, of 255, is not evened out: what noise there is would be ink.
constexpr float kDarkest = 50;
/// Ground darker than this share of the usual one may be a table beside the paper.
constexpr float kTable = 0.65F;

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

/// Least squares over those pixels that lie within `tolerance` of `from`; of a large picture every few are looked at.
Surface fit(const Drawing& levels, const Surface& from, double tolerance) {
  std::array<std::array<double, 7>, 6> equations{};
  const int64_t step = std::max<int64_t>(1, levels.whole().longer_side() / 128);
  for (int64_t y = step / 2; y < levels.height; y += step) {
    for (int64_t x = step / 2; x < levels.width; x += step) {
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

/// How light falls on most of the picture, beginning with the level along the edge.
Surface fit_light(const Drawing& levels, float level, double spread) {
  Surface light{level};
  for (double tolerance = std::max(60.0, 3 * spread); tolerance > 10; tolerance *= 0.7) {
    light = fit(levels, light, tolerance);
  }
  return light;
}

void subtract(Drawing& levels, const Surface& surface) {
  if (std::all_of(surface.begin() + 1, surface.end(), [](double term) { return term == 0; })) {
    for (float& value : levels.ink) value -= static_cast<float>(surface[0]);
    return;
  }
  for (int64_t y = 0; y < levels.height; ++y) {
    for (int64_t x = 0; x < levels.width; ++x) {
      levels.at(x, y) -= static_cast<float>(value_of(surface, terms(levels, x, y)));
    }
  }
}

/// Each pixel the mean of 3 x 3, so that noise does not raise the background.
Drawing smooth(const Drawing& drawing) {
  Drawing smoothed(drawing.width, drawing.height);
  for (int64_t y = 0; y < drawing.height; ++y) {
    const int64_t above = std::max<int64_t>(0, y - 1);
    const int64_t below = std::min(drawing.height - 1, y + 1);
    for (int64_t x = 0; x < drawing.width; ++x) {
      const int64_t left = std::max<int64_t>(0, x - 1);
      const int64_t right = std::min(drawing.width - 1, x + 1);
      float sum = 0;
      for (const int64_t row : {above, y, below})
        sum += drawing.at(left, row) + drawing.at(x, row) + drawing.at(right, row);
      smoothed.at(x, y) = sum / 9;
    }
  }
  return smoothed;
}

double energy(const Drawing& drawing, const Drawing& less) {
  double sum = 0;
  for (size_t i = 0; i < drawing.ink.size(); ++i) {
    const double value = drawing.ink[i] - less.ink[i];
    sum += value * value;
  }
  return sum;
}

/// What lies beside the paper: dark ground along the edge that does not reach the picture's middle, as a shadow does.
std::vector<bool> find_table(const Drawing& background) {
  Drawing darker = background;
  const float usual = median(background.ink);
  for (float& value : darker.ink) value = value < kTable * usual ? 1.0F : 0.0F;
  const Components grounds = find_components(darker, 1.0F);
  std::vector<bool> reaches_middle(grounds.list.size(), false);
  for (int64_t y = background.height / 4; y < background.height - background.height / 4; ++y) {
    for (int64_t x = background.width / 4; x < background.width - background.width / 4; ++x) {
      const int32_t ground = grounds.labels[static_cast<size_t>(y * background.width + x)];
      if (ground >= 0) reaches_middle[static_cast<size_t>(ground)] = true;
    }
  }
  for (size_t i = 0; i < darker.ink.size(); ++i) {
    const int32_t ground = grounds.labels[i];
    darker.ink[i] = ground >= 0 && !reaches_middle[static_cast<size_t>(ground)] ? 1.0F : 0.0F;
  }
  constexpr int64_t kSoft = 2;  // pixels over which the paper's edge is smoothed
  const Drawing table = dilate(darker, kSoft);
  std::vector<bool> is_table;
  for (const float value : table.ink) is_table.push_back(value > 0);
  return is_table;
}

/// How much more the thin things in a picture are lighter than what is around them than darker, as a ratio.
double measure_light_on_dark(const Drawing& levels) {
  constexpr int64_t kSmall = 128;
  const bool is_large = levels.whole().longer_side() > kSmall;
  Drawing small = is_large ? scale_to_side(levels, levels.whole(), kSmall) : levels;
  const int64_t reach = std::max<int64_t>(1, share_of_side(small, kWidestStroke / 8));
  const double darker = energy(close_dark(small, reach), small);
  negate(small);
  return energy(close_dark(small, reach), small) / std::max(darker, 1.0);
}

/// What is darker than its neighbourhood, or lighter where the thin things of the picture are.
void subtract_neighbourhood(Drawing& levels) {
  // Paper is light, and shadows and tables have gaps; of a dark picture nothing is known.
  const bool is_light = measure_light_on_dark(levels) > (median(levels.ink) < kDarkest ? 1 : kSure);
  Drawing smoothed = smooth(levels);
  if (is_light) negate(smoothed);
  const Drawing background = close_dark(smoothed, std::max<int64_t>(1, share_of_side(levels, kWidestStroke / 2)));
  std::vector<float> excess = background.ink;
  for (size_t i = 0; i < excess.size(); ++i) {
    const float level = is_light ? -levels.ink[i] : levels.ink[i];
    excess[i] -= level;
  }
  const float raised = median(excess);  // by what noise the mean of 3 x 3 leaves
  const float lightest = *std::max_element(background.ink.begin(), background.ink.end());
  const std::vector<bool> is_table = find_table(background);
  for (size_t i = 0; i < excess.size(); ++i) {
    const float gain = is_light ? 1 : lightest / std::max(kDarkest, background.ink[i]);
    levels.ink[i] = is_table[i] && !is_light ? 0 : (excess[i] - raised) * gain;
  }
}

void turn_ink_positive(Drawing& levels) {
  double lighter = 0;
  double darker = 0;
  for (const float value : levels.ink) (value > 0 ? lighter : darker) += static_cast<double>(value) * value;
  if (darker > lighter) negate(levels);
}

/// How many of these pixels, in parts of them all, lie off the background, and how many of them one after the other.
std::pair<double, double> find_off(const std::vector<float>& pixels) {
  int64_t off = 0;
  int64_t in_row = 0;
  int64_t longest = 0;
  for (const float value : pixels) {
    in_row = std::abs(value) > kStep ? in_row + 1 : 0;
    off += in_row > 0 ? 1 : 0;
    longest = std::max(longest, in_row);
  }
  const auto size = static_cast<double>(pixels.size());
  return {static_cast<double>(off) / size, static_cast<double>(longest) / size};
}

/// Whether the background has edges of its own, as what is left along the picture's edge tells.
bool has_edges(const Drawing& left, double off, double in_row) {
  if (off > kMaxOff) return true;
  const double in_row_further_inside = find_off(edge_pixels(left, share_of_side(left, kLitCorner))).second;
  return std::min(in_row, in_row_further_inside) > kMaxOffInRow;
}

/// Whether more lies off the background than strokes cover: it is paper, and what was taken for the background a table
/// or a window around it.
bool shows_paper(const Drawing& left) {
  if (left.whole().longer_side() < kSmallest) return false;
  const auto is_off = [](float value) { return std::abs(value) > kStep; };
  const auto count = static_cast<double>(std::count_if(left.ink.begin(), left.ink.end(), is_off));
  if (count <= kMostInk * static_cast<double>(left.ink.size())) return false;
  Drawing off = left;
  for (float& value : off.ink) value = is_off(value) ? 1.0F : 0.0F;
  const Box box = ink_box(off, 1);
  return count > kPaper * static_cast<double>(box.width() * box.height());
}

/// Which ring of pixels shows the background: the outermost, but where that is a line on paper of one level.
int64_t find_edge(const Drawing& levels) {
  constexpr int64_t kThickestLine = 3;
  constexpr size_t kSample = 4096;
  if (levels.whole().longer_side() < kSmallest) return 0;
  std::vector<float> sample;
  const size_t step = 1 + levels.ink.size() / kSample;
  for (size_t i = 0; i < levels.ink.size(); i += step) sample.push_back(levels.ink[i]);
  const float usual = median(std::move(sample));
  for (int64_t depth = 0; depth <= kThickestLine; ++depth) {
    if (median(edge_pixels(levels, depth)) == usual) return depth;
  }
  return 0;
}

}  // namespace

float deviation(std::vector<float> values) {
  for (float& value : values) value = std::abs(value);
  return 1.4826F * median(std::move(values));
}

std::vector<float> edge_pixels(const Drawing& drawing, int64_t depth) {
  const Box ring{depth, depth, drawing.width - depth, drawing.height - depth};
  std::vector<float> found;
  for (int64_t x = ring.left; x < ring.right; ++x) found.push_back(drawing.at(x, ring.top));
  for (int64_t y = ring.top; y < ring.bottom; ++y) found.push_back(drawing.at(ring.right - 1, y));
  for (int64_t x = ring.right - 1; x >= ring.left; --x) found.push_back(drawing.at(x, ring.bottom - 1));
  for (int64_t y = ring.bottom - 1; y >= ring.top; --y) found.push_back(drawing.at(ring.left, y));
  return found;
}

Drawing subtract_background(Drawing levels) {
  const int64_t depth = find_edge(levels);
  const std::vector<float> edge = edge_pixels(levels, depth);
  const float level = median(edge);
  std::vector<float> from_level = edge;
  for (float& value : from_level) value -= level;
  const double spread = deviation(from_level);
  const bool is_even = spread == 0;  // as on any canvas
  Drawing flat = levels;
  subtract(flat, is_even ? Surface{level} : fit_light(levels, level, spread));
  const auto [off, in_row] = find_off(edge_pixels(flat, depth));
  const bool is_edged = is_even ? off > kMaxInk : has_edges(flat, off, in_row);
  // On a canvas strokes may be bold where it is cut tightly.
  const bool may_be_tight = is_even && off > 0;
  if (const auto paper = is_edged ? find_paper_between_strokes(levels) : std::nullopt) {
    subtract(levels, Surface{*paper});
    turn_ink_positive(levels);
    return levels;
  }
  if (is_edged || (!may_be_tight && shows_paper(flat))) {
    subtract_neighbourhood(levels);
    return levels;
  }
  turn_ink_positive(flat);
  return flat;
}

}  // namespace digitrec
