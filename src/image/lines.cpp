#include "image/lines.h"

#include "image/components.h"
#include "image/forms.h"
#include "image/median.h"
#include "image/straight_lines.h"
#include "image/tight_crop.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace digitrec {
namespace {

/// In smaller pictures a stroke is as thin as a line.
constexpr int64_t kMinSide = 40;
/// A line that stands up among the digits, or crosses one, is this much longer than they are tall,
constexpr double kLonger = 1.25;
constexpr double kLongerUpright = 1.6;
/// and ends this share of its length beyond them on both sides: the bars of a 7 and a 4 do not.
constexpr double kBeyond = 0.12;
/// Of a line from edge to edge, this much longer than the digits are tall, this share is enough.
constexpr double kAcross = 1.5;
constexpr double kBeyondAcross = 0.02;
/// A line this much longer than the digits are tall that touches several of them, one after the other, is none's
/// stroke.
constexpr double kAlongDigits = 1.5;
/// Digits are at least this share of the tallest one's height.
constexpr double kTall = 0.5;
/// The lines of a box are longer than the digits in it by this factor: what is as tall as they are is a 0.
constexpr double kBox = 1.05;
/// An end this near a line across, in parts of the shorter side, is at it,
constexpr double kNear = 0.03;
/// and this near the picture's edge at that.
constexpr double kEdge = 0.06;
/// An underline keeps this distance from the digits, in parts of their height; closer, it is a stroke of theirs.
constexpr double kUnderlineGap = 0.06;
/// Slivers along an edge cover this share of a row of pixels, within this share of the side, and end where less of a
/// row than this is ink: under the bar of a tightly cut 7 its stem goes on.
constexpr double kSliverCover = 0.6;
constexpr double kSliverDepth = 0.12;
constexpr double kSliverEnd = 0.08;
/// A stroke is darker than a faint line by this factor, and at least this dark.
constexpr float kDarker = 1.5F;
constexpr float kDark = 0.85F;
/// More lines are no paper's, but a pattern.
constexpr size_t kMaxLines = 200;

/// Calls `visit(x, y)` for the pixels of a run.
template <typename Visit>
void visit_run(const Line& line, const Run& run, int64_t around, int64_t width, const Visit& visit) {
  for (int64_t i = std::max<int64_t>(0, run.begin - around); i < std::min(width, run.end + around); ++i) {
    line.is_upright ? visit(i, run.row) : visit(run.row, i);
  }
}

/// A run much wider than its line, or much darker, lies under a stroke.
template <typename Visit>
void visit_bare_runs(const Line& line, const Drawing& ink, int64_t around, const Visit& visit) {
  const float darkest = std::max(kDark, kDarker * line.strength);
  const double widest = 1.5 * line.thickness + 1;
  for (const Run& run : line.runs) {
    if (static_cast<double>(run.length()) > widest || peak(line, run, ink) > darkest) continue;
    visit_run(line, run, around, line.is_upright ? ink.width : ink.height, visit);
  }
}

/// The digits' ink beside the lines.
struct Rest {
  Components pieces;
  std::vector<bool> counts;      ///< of each piece: whether it may be a digit's
  double height = 0;             ///< of the tallest piece
  double width = 0;              ///< of the widest
  std::vector<int64_t> tops;     ///< of each column: its first row with such ink
  std::vector<int64_t> bottoms;  ///< and its last; -1 without

  bool has_ink(int64_t pixel) const {
    const int32_t piece = pieces.labels[static_cast<size_t>(pixel)];
    return piece >= 0 && counts[static_cast<size_t>(piece)];
  }
};

/// Everything that would stay if all lines went.
Rest without(const Drawing& ink, float threshold, const std::vector<Line>& lines) {
  Drawing left = ink;
  double thickness = 0;
  for (const Line& line : lines) {
    visit_bare_runs(line, ink, 0, [&](int64_t x, int64_t y) { left.at(x, y) = 0; });
    thickness = std::max(thickness, line.thickness);
  }
  Rest rest;
  rest.pieces = find_components(left, threshold);
  for (const Component& piece : rest.pieces.list) {
    const bool counts = static_cast<double>(piece.box.longer_side()) > 2.5 * thickness + 2;  // else where lines cross
    rest.counts.push_back(counts);
    if (!counts) continue;
    rest.height = std::max(rest.height, static_cast<double>(piece.box.height()));
    rest.width = std::max(rest.width, static_cast<double>(piece.box.width()));
  }
  rest.tops.assign(static_cast<size_t>(ink.width), -1);
  rest.bottoms.assign(static_cast<size_t>(ink.width), -1);
  for (int64_t y = 0; y < ink.height; ++y) {
    for (int64_t x = 0; x < ink.width; ++x) {
      if (!rest.has_ink(y * ink.width + x)) continue;
      int64_t& top = rest.tops[static_cast<size_t>(x)];
      if (top < 0) top = y;
      rest.bottoms[static_cast<size_t>(x)] = y;
    }
  }
  return rest;
}

/// How a line lies among what else is there.
struct Situation {
  bool from_edge_to_edge = false;
  bool is_boxed = false;  ///< both ends at lines across
  bool touches = false;   ///< the digits' ink
  double beyond = 1;      ///< how far it goes on after the last touch, on the shorter end, in parts of its length
  bool is_under = false;  ///< ink above, none below, and a gap
  int64_t digits = 0;     ///< how many tall pieces it touches, one after the other
};

/// What counts as near, in pixels.
double near_in(const Drawing& ink) { return 2 + kNear * static_cast<double>(std::min(ink.width, ink.height)); }

/// How many of these pieces are tall and lie one after the other along a line.
int64_t count_along(const Line& line, const Rest& rest, const std::set<int32_t>& touched) {
  std::vector<std::pair<int64_t, int64_t>> spans;  // ends and begins, along the line
  for (const int32_t piece : touched) {
    const Box& box = rest.pieces.list[static_cast<size_t>(piece)].box;
    if (static_cast<double>(box.height()) < kTall * rest.height) continue;
    spans.push_back(line.is_upright ? std::pair{box.bottom, box.top} : std::pair{box.right, box.left});
  }
  std::sort(spans.begin(), spans.end());
  int64_t count = 0;
  int64_t end = 0;
  for (const auto& [right, left] : spans) {
    if (count > 0 && left < end) continue;
    ++count;
    end = right;
  }
  return count;
}

/// Whether a line begins, and whether it ends, at an edge of the picture.
std::pair<bool, bool> find_ends_at_edge(const Line& line, const Drawing& ink) {
  const int64_t length = line.is_upright ? ink.height : ink.width;
  const int64_t width = line.is_upright ? ink.width : ink.height;
  const double near = near_in(ink);
  const double edge = kEdge * static_cast<double>(length);
  const auto leaves = [&](int64_t row) {  // to the left or right
    const double column = line.middle(static_cast<double>(row));
    return column <= near || column >= static_cast<double>(width) - near;
  };
  return {static_cast<double>(line.begin()) <= edge || leaves(line.begin()),
          static_cast<double>(length - line.end()) <= edge || leaves(line.end())};
}

Situation look_around(const Line& line, const Drawing& ink, const Rest& rest, const std::vector<Line>& lines) {
  const int64_t length = line.is_upright ? ink.height : ink.width;
  const int64_t width = line.is_upright ? ink.width : ink.height;
  const double near = near_in(ink);
  Situation found;
  const auto [at_start, at_end] = find_ends_at_edge(line, ink);
  found.from_edge_to_edge = at_start && at_end;
  bool begins = at_start;
  bool ends = at_end;
  for (const Line& other : lines) {
    if (other.is_upright == line.is_upright || !is_as_thin(line, other)) continue;
    begins |= meets(line, line.begin(), other, near);
    ends |= meets(line, line.end(), other, near);
  }
  found.is_boxed = begins && ends;

  const double reach = line.thickness / 2 + 2;
  int64_t first = line.end();
  int64_t last = line.begin();
  std::set<int32_t> touched;
  bool above = false;
  bool below = false;
  const double gap = std::max(reach, kUnderlineGap * rest.height);
  const auto margin = static_cast<int64_t>(reach);
  for (int64_t row = std::max<int64_t>(0, line.begin() - margin); row < std::min(length, line.end() + margin); ++row) {
    const double middle = line.middle(static_cast<double>(row));
    const auto from = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(middle - reach)));
    const auto to = std::min(width - 1, static_cast<int64_t>(std::floor(middle + reach)));
    for (int64_t i = from; i <= to; ++i) {
      const int64_t pixel = line.is_upright ? row * ink.width + i : i * ink.width + row;
      if (!rest.has_ink(pixel)) continue;
      touched.insert(rest.pieces.labels[static_cast<size_t>(pixel)]);
      first = std::min(first, row);
      last = std::max(last, row);
    }
    const auto column = static_cast<size_t>(row);
    if (line.is_upright || rest.tops[column] < 0) continue;
    above |= static_cast<double>(rest.tops[column]) < middle - gap;
    below |= static_cast<double>(rest.bottoms[column]) > middle - gap;
  }
  found.touches = first <= last;
  found.is_under = !line.is_upright && !found.touches && above && !below;
  if (found.touches) {
    found.beyond =
        static_cast<double>(std::min(first - line.begin(), line.end() - 1 - last)) / static_cast<double>(line.length());
    found.digits = count_along(line, rest, touched);
  }
  return found;
}

/// Whether a line is none of a digit's strokes.
bool is_ruled(const Line& line, const Situation& at, const Rest& rest) {
  const auto length = static_cast<double>(line.length());
  const bool is_across = (at.from_edge_to_edge && length >= kAcross * rest.height) ||
                         (at.digits > 1 && length >= kAlongDigits * rest.height);
  if (at.touches && at.beyond < (is_across ? kBeyondAcross : kBeyond)) return false;
  const double size = line.is_upright ? rest.height : rest.width;
  if (at.from_edge_to_edge || at.is_boxed) return length >= (at.from_edge_to_edge ? 1 : kBox) * size;
  if (at.is_under) return true;
  if (line.is_upright) return !at.touches && length >= kLongerUpright * rest.height;
  return length >= kLonger * rest.height;
}

void erase(Drawing& ink, float threshold, const Line& line) {
  constexpr int64_t kFaint = 2;  // pixels of a line's soft edge
  visit_bare_runs(line, ink, 0, [&](int64_t x, int64_t y) { ink.at(x, y) = 0; });
  visit_bare_runs(line, ink, kFaint, [&](int64_t x, int64_t y) {
    if (ink.at(x, y) < threshold) ink.at(x, y) = 0;
  });
}

/// What is left of erased lines: pieces no further from one than it is thick.
void erase_remnants(Drawing& ink, float threshold, const std::vector<Line>& erased) {
  Components pieces = find_components(ink, threshold);
  std::vector<bool> is_remnant(pieces.list.size(), false);
  for (size_t i = 0; i < pieces.list.size(); ++i) {
    const Box& box = pieces.list[i].box;
    is_remnant[i] = std::any_of(erased.begin(), erased.end(), [&](const Line& line) {
      const double along = static_cast<double>(line.is_upright ? box.top + box.bottom : box.left + box.right) / 2;
      const auto begin = static_cast<double>(line.is_upright ? box.left : box.top);
      const auto end = static_cast<double>(line.is_upright ? box.right : box.bottom);
      const double reach = 1.5 * line.thickness + 2;
      const double beyond = 3 + 2 * line.thickness;
      return along >= static_cast<double>(line.begin()) - beyond && along <= static_cast<double>(line.end()) + beyond &&
             begin >= line.middle(along) - reach && end <= line.middle(along) + reach;
    });
  }
  erase_components(ink, pieces, is_remnant);
}

/// Takes slivers along one edge: the first lines of pixels, counted from it. `at(depth, along)`: a pixel.
template <typename At>
void erase_sliver(int64_t depth, int64_t length, float threshold, const At& at) {
  const auto cover = [&](int64_t line) {
    int64_t count = 0;
    for (int64_t i = 0; i < length; ++i) count += at(line, i) >= threshold;
    return static_cast<double>(count) / static_cast<double>(length);
  };
  const auto share = [&](double of_depth) { return std::llround(of_depth * static_cast<double>(depth)); };
  int64_t end = 0;
  while (end <= share(kNear) && cover(end) < kSliverCover) ++end;
  if (end > share(kNear)) return;
  while (end <= share(kSliverDepth) && cover(end) > kSliverEnd) ++end;
  if (end > share(kSliverDepth)) return;
  for (int64_t line = 0; line < end; ++line) {
    for (int64_t i = 0; i < length; ++i) at(line, i) = 0;
  }
}

void erase_slivers(Drawing& ink, float threshold) {
  const int64_t w = ink.width;
  const int64_t h = ink.height;
  erase_sliver(h, w, threshold, [&](int64_t depth, int64_t i) -> float& { return ink.at(i, depth); });
  erase_sliver(h, w, threshold, [&](int64_t depth, int64_t i) -> float& { return ink.at(i, h - 1 - depth); });
  erase_sliver(w, h, threshold, [&](int64_t depth, int64_t i) -> float& { return ink.at(depth, i); });
  erase_sliver(w, h, threshold, [&](int64_t depth, int64_t i) -> float& { return ink.at(w - 1 - depth, i); });
}

/// Leaves out what is written on ruled paper: such lines as are darker than it and end on it.
void leave_out_strokes(std::vector<Line>& lines, const Drawing& ink) {
  constexpr size_t kFew = 3;
  const auto is_across = [&](const Line& line) { return find_ends_at_edge(line, ink) == std::pair{true, true}; };
  std::vector<float> strengths;
  for (const Line& line : lines) {
    if (is_across(line)) strengths.push_back(line.strength);
  }
  if (strengths.size() < kFew) return;
  const float darkest = std::max(kDark, kDarker * median(std::move(strengths)));
  std::erase_if(lines, [&](const Line& line) { return line.strength > darkest && !is_across(line); });
}

/// Which of the lines go. Takes out of `lines` what turned out to be strokes, which belong to the digits that the other
/// lines are measured by; where it took some, they are to be looked at again.
std::vector<Line> take_ruled(std::vector<Line>& lines, const Drawing& ink, float threshold) {
  const Rest rest = without(ink, threshold, lines);
  std::vector<Situation> situations;
  for (const Line& line : lines) situations.push_back(look_around(line, ink, rest, lines));
  std::vector<bool> goes = find_forms(lines, rest.height);
  std::vector<bool> stays(lines.size());
  const bool are_all_lines = rest.height == 0;  // all that is written is 1s
  for (size_t i = 0; i < lines.size(); ++i) {
    const Situation& at = situations[i];
    goes[i] = !are_all_lines && (goes[i] || is_ruled(lines[i], at, rest));
    stays[i] = are_all_lines ? at.from_edge_to_edge || at.is_boxed : goes[i] || !at.touches;
  }
  std::vector<Line> ruled;
  std::vector<Line> left;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (goes[i]) ruled.push_back(lines[i]);
    if (stays[i]) left.push_back(std::move(lines[i]));
  }
  lines = std::move(left);
  return ruled;
}

void erase_ruled_lines(Drawing& ink, float threshold) {
  std::vector<Line> lines = find_straight_lines(ink, threshold);
  leave_out_strokes(lines, ink);
  if (lines.empty() || lines.size() > kMaxLines) return;
  std::vector<Line> ruled;
  for (size_t before = lines.size() + 1; lines.size() < before;) {
    before = lines.size();
    ruled = take_ruled(lines, ink, threshold);
  }
  if (ruled.empty()) return;
  for (const Line& line : ruled) erase(ink, threshold, line);
  erase_remnants(ink, threshold, ruled);
}

}  // namespace

void erase_lines(Drawing& ink, float threshold) {
  if (ink.whole().longer_side() < kMinSide) return;
  Drawing left = ink;
  if (!is_cut_tightly(ink, threshold)) erase_slivers(left, threshold);
  erase_ruled_lines(left, threshold);
  const bool is_blank = *std::max_element(left.ink.begin(), left.ink.end()) < threshold;
  if (!is_blank) ink = std::move(left);
}

}  // namespace digitrec
