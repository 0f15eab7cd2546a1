#include "image/forms.h"

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

/// The teeth of a comb begin within this share of their length, and low ones are lower than this share of the digits.
constexpr double kTeeth = 0.15;
constexpr double kLow = 0.5;
/// A box is at least this share of the digits' height and this wide, in parts of its own; its lines are at most this
/// share of it thick. An 8 or 0 of bars is narrower.
constexpr double kMinBox = 0.8;
constexpr double kNarrowest = 0.6;
constexpr double kThickestSide = 0.07;

/// Lines meet where they end within this many pixels of each other, and a line's thickness.
constexpr double kNear = 4;

/// Where a line that lies across ends on the left, and on the right.
bool is_near(double column, int64_t end, const Line& across) {
  return std::abs(column - static_cast<double>(end)) <= kNear + across.thickness;
}

/// Whether boxes of this height, in a row as long as `across`, have room for digits.
bool is_wide(const Line& across, size_t boxes, double height) {
  return static_cast<double>(across.length()) >= kNarrowest * static_cast<double>(boxes) * height;
}

/// The upright lines for which `take` is true, from left to right by where they end below.
template <typename Take>
std::vector<size_t> find_uprights(const std::vector<Line>& lines, const Take& take) {
  std::vector<size_t> found;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].is_upright && take(lines[i])) found.push_back(i);
  }
  const auto column = [&](size_t i) { return lines[i].middle(static_cast<double>(lines[i].end())); };
  std::sort(found.begin(), found.end(), [&](size_t a, size_t b) { return column(a) < column(b); });
  return found;
}

/// Whether the first and the last of these upright lines stand at the ends of one that lies across.
bool reach_ends(const std::vector<Line>& lines, const std::vector<size_t>& uprights, const Line& across) {
  const auto column = [&](size_t i) { return lines[i].middle(static_cast<double>(lines[i].end())); };
  return uprights.size() > 1 && is_near(column(uprights.front()), across.begin(), across) &&
         is_near(column(uprights.back()), across.end(), across);
}

void mark_comb(const std::vector<Line>& lines, const Line& base, double height, std::vector<bool>& is_form) {
  const std::vector<size_t> on_base = find_uprights(
      lines, [&](const Line& line) { return meets(line, line.end(), base, kNear) && is_as_thin(line, base); });
  for (const size_t i : on_base) {
    if (static_cast<double>(lines[i].length()) < kLow * height) is_form[i] = true;
  }
  if (!reach_ends(lines, on_base, base)) return;
  const Line& first = lines[on_base.front()];
  if (!is_wide(base, on_base.size() - 1, static_cast<double>(first.length()))) return;
  for (const size_t i : on_base) {
    const auto off = static_cast<double>(std::abs(lines[i].begin() - first.begin()));
    if (off <= 2 + kTeeth * static_cast<double>(first.length())) is_form[i] = true;
  }
}

void mark_boxes(const std::vector<Line>& lines, size_t top, size_t bottom, double height, std::vector<bool>& is_form) {
  const Line& above = lines[top];
  const Line& below = lines[bottom];
  const auto is_side = [&](const Line& line) {
    const auto length = static_cast<double>(line.length());
    return meets(line, line.begin(), above, kNear) && meets(line, line.end(), below, kNear) &&
           length >= kMinBox * height && is_as_thin(line, above) && line.thickness <= kThickestSide * length;
  };
  const std::vector<size_t> sides = find_uprights(lines, is_side);
  if (!reach_ends(lines, sides, above) || !reach_ends(lines, sides, below)) return;
  if (!is_wide(above, sides.size() - 1, below.offset - above.offset)) return;
  is_form[top] = is_form[bottom] = true;
  for (const size_t side : sides) is_form[side] = true;
}

}  // namespace

std::vector<bool> find_forms(const std::vector<Line>& lines, double height) {
  std::vector<bool> is_form(lines.size(), false);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].is_upright) continue;
    mark_comb(lines, lines[i], height, is_form);
    for (size_t j = 0; j < lines.size(); ++j) {
      if (!lines[j].is_upright && lines[j].offset > lines[i].offset) mark_boxes(lines, i, j, height, is_form);
    }
  }
  return is_form;
}

}  // namespace digitrec
