#include "image/tight_crop.h"

#include "image/background.h"
#include "image/median.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace digitrec {
namespace {

/// In smaller pictures most of a stroke is grey, so that only the paper has a level of its own: this share of it lies
/// within this many grey levels of the lightest, or of the darkest.
constexpr int64_t kSmall = 64;
constexpr double kEvenPaper = 0.2;
constexpr float kEven = 1.5F;
/// Elsewhere ink and paper lie this many deviations apart of the paper, and, as strokes are soft, of the ink.
constexpr float kApartOfPaper = 10;
constexpr float kApartOfInk = 3;
/// Soft strokes end within this share of the longer side.
constexpr double kMargin = 0.05;
constexpr int64_t kMostCorners = 2;
/// Strokes cover no more than this share of a picture, or of a narrow one, which shows a 1, and meet its edge no more
/// often.
constexpr double kMostInk = 0.65;
constexpr double kMostInkOfOne = 0.85;
constexpr int64_t kMostMeets = 6;

/// The level that parts a picture's pixels into two groups of the least variance (Otsu 1979).
float find_threshold(const Drawing& levels) {
  std::array<double, 256> counts{};
  for (const float value : levels.ink) ++counts[static_cast<size_t>(std::clamp(value, 0.0F, 255.0F))];
  const auto size = static_cast<double>(levels.ink.size());
  double total = 0;
  for (size_t level = 0; level < counts.size(); ++level) total += static_cast<double>(level) * counts[level];
  double count = 0;
  double sum = 0;
  double best = -1;
  size_t threshold = 0;
  for (size_t level = 0; level < counts.size(); ++level) {
    count += counts[level];
    sum += static_cast<double>(level) * counts[level];
    if (count == 0 || counts[level] == 0) continue;
    if (count == size) break;
    const double apart = sum / count - (total - sum) / (size - count);
    const double between = count * (size - count) * apart * apart;
    if (between <= best) continue;
    best = between;
    threshold = level + 1;
  }
  return static_cast<float>(threshold);
}

std::vector<float> corners_of(const Drawing& drawing) {
  const int64_t right = drawing.width - 1;
  const int64_t bottom = drawing.height - 1;
  return {drawing.at(0, 0), drawing.at(right, 0), drawing.at(0, bottom), drawing.at(right, bottom)};
}

/// How far values lie from their median.
float spread(std::vector<float> values) {
  const float middle = median(values);
  for (float& value : values) value -= middle;
  return deviation(std::move(values));
}

}  // namespace

bool is_cut_tightly(const Drawing& ink, float threshold) {
  const Box box = ink_box(ink, threshold);
  const auto margin = std::llround(kMargin * static_cast<double>(ink.whole().longer_side()));
  if (box.left > margin || box.top > margin || box.right < ink.width - margin || box.bottom < ink.height - margin) {
    return false;
  }
  const auto is_ink = [threshold](float value) { return value >= threshold; };
  const std::vector<float> corners = corners_of(ink);
  if (std::count_if(corners.begin(), corners.end(), is_ink) > kMostCorners) return false;
  const std::vector<float> edge = edge_pixels(ink);
  int64_t meets = 0;
  for (size_t i = 0; i < edge.size(); ++i) meets += is_ink(edge[i]) && !is_ink(edge[(i + 1) % edge.size()]);
  const auto area = static_cast<double>(std::count_if(ink.ink.begin(), ink.ink.end(), is_ink));
  const double most = ink.height > 2 * ink.width ? kMostInkOfOne : kMostInk;
  return meets <= kMostMeets && area <= most * static_cast<double>(ink.ink.size());
}

std::optional<float> find_paper_between_strokes(const Drawing& levels) {
  const float threshold = find_threshold(levels);
  const auto is_light = [threshold](float value) { return value >= threshold; };
  const auto share_of_light = [&](const std::vector<float>& pixels) {
    return static_cast<double>(std::count_if(pixels.begin(), pixels.end(), is_light)) /
           static_cast<double>(pixels.size());
  };
  const bool is_paper_light = share_of_light(corners_of(levels)) + share_of_light(edge_pixels(levels)) > 1;
  std::vector<float> paper;
  std::vector<float> ink;
  for (const float value : levels.ink) (is_light(value) == is_paper_light ? paper : ink).push_back(value);
  if (paper.empty() || ink.empty()) return std::nullopt;
  if (levels.whole().longer_side() < kSmall) {
    const auto [darkest, lightest] = std::minmax_element(paper.begin(), paper.end());
    const float level = is_paper_light ? *lightest : *darkest;
    const auto even =
        std::count_if(paper.begin(), paper.end(), [&](float value) { return std::abs(value - level) <= kEven; });
    if (static_cast<double>(even) >= kEvenPaper * static_cast<double>(paper.size())) return level;
  }
  Drawing strokes = levels;
  for (float& value : strokes.ink) value = is_light(value) == is_paper_light ? 0.0F : 1.0F;
  if (!is_cut_tightly(strokes, 1)) return std::nullopt;
  const float level = median(paper);
  const float apart = std::abs(level - median(ink));
  const bool are_two_levels = spread(paper) * kApartOfPaper <= apart && spread(ink) * kApartOfInk <= apart;
  return are_two_levels ? std::optional(level) : std::nullopt;
}

}  // namespace digitrec
