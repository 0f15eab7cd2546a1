#include "image/frame.h"

#include "image/background.h"
#include "image/median.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace digitrec {
namespace {

/// A frame and what it encloses lie this many grey levels apart.
constexpr float kStep = 25;
/// A frame takes no more than this share of a side, which this many rings are looked at for.
constexpr double kWidestFrame = 0.25;
constexpr int64_t kRings = 12;
/// Where one of its greys goes over into the next, no more rings than this are uneven.
constexpr int64_t kFrameEdge = 4;

/// The level that most pixels of the ring `depth` pixels from the edge share, or NaN.
float ring_level(const Drawing& levels, int64_t depth) {
  constexpr float kAlike = 10;
  constexpr double kMost = 0.85;
  const std::vector<float> ring = edge_pixels(levels, depth);
  const float level = median(ring);
  const auto alike =
      std::count_if(ring.begin(), ring.end(), [&](float value) { return std::abs(value - level) <= kAlike; });
  const bool is_even = static_cast<double>(alike) >= kMost * static_cast<double>(ring.size());
  return is_even ? level : std::numeric_limits<float>::quiet_NaN();
}

/// The innermost of every few rings that is even; digits make those further inside uneven.
int64_t find_inside(const Drawing& levels) {
  const int64_t widest = share_of_side(levels, kWidestFrame);
  const int64_t step = std::max<int64_t>(1, widest / kRings);
  for (int64_t ring = widest / step * step; ring > 0; ring -= step) {
    if (!std::isnan(ring_level(levels, ring))) return ring;
  }
  return 0;
}

/// The level of most of what lies within `depth` pixels of the edge.
float level_inside(const Drawing& levels, int64_t depth) {
  std::vector<float> inside;
  for (int64_t y = depth; y < levels.height - depth; ++y) {
    for (int64_t x = depth; x < levels.width - depth; ++x) inside.push_back(levels.at(x, y));
  }
  return median(std::move(inside));
}

/// How deep a frame goes: to where the last of its greys goes over into what is inside; 0 without a frame.
int64_t find_frame(const Drawing& levels) {
  const int64_t inside = find_inside(levels);
  const float level = ring_level(levels, inside);
  if (!(std::abs(level - ring_level(levels, 0)) > kStep)) return 0;  // also where the edge is uneven
  const auto is_like_inside = [&](int64_t ring) { return std::abs(ring_level(levels, ring) - level) <= kStep / 2; };
  if (std::abs(level_inside(levels, inside) - level) > kStep) return 0;  // a line of squared paper
  int64_t depth = inside;
  while (is_like_inside(depth - 1)) --depth;
  int64_t uneven = 0;
  for (int64_t ring = 0; ring < depth; ++ring) uneven += std::isnan(ring_level(levels, ring)) ? 1 : 0;
  return uneven > kFrameEdge ? 0 : depth;  // no frame of one grey or several, but a drawing
}

}  // namespace

void cover_frame(Drawing& levels) {
  const int64_t depth = find_frame(levels);
  if (depth == 0) return;
  for (int64_t y = 0; y < levels.height; ++y) {
    const int64_t row = std::clamp(y, depth, levels.height - depth - 1);
    for (int64_t x = 0; x < levels.width; ++x) {
      levels.at(x, y) = levels.at(std::clamp(x, depth, levels.width - depth - 1), row);
    }
  }
}

}  // namespace digitrec
