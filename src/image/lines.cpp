#include "image/lines.h"

#include "image/components.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace digitrec {
namespace {

/// In smaller pictures a stroke is as thin as a line.
constexpr int64_t kMinSide = 40;
/// A line is no thicker than this share of the longer side.
constexpr double kThickest = 0.03;
/// It leans by at most this much, in pixels across for one along,
constexpr double kMaxSlope = 0.2;
/// is at least this long, in parts of the shorter side, and in parts of its thickness,
constexpr double kMinLength = 0.1;
constexpr double kMinSlender = 6;
/// shows for this share of its length, the rest lying under strokes,
constexpr double kMinVisible = 0.4;
/// and where it stands up among the digits or crosses one is this much longer than they are tall,
constexpr double kLonger = 1.25;
constexpr double kLongerUpright = 1.6;
/// and ends this share of its length beyond them on both sides: the bars of a 7 and a 4 do not.
constexpr double kBeyond = 0.12;
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

/// Ink or none, row by row.
struct Mask {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> is_ink;

  Mask(int64_t w, int64_t h) : width(w), height(h), is_ink(static_cast<size_t>(w * h)) {}
  uint8_t& at(int64_t x, int64_t y) { return is_ink[static_cast<size_t>(y * width + x)]; }
  bool at(int64_t x, int64_t y) const { return is_ink[static_cast<size_t>(y * width + x)] != 0; }
};

Mask find_mask(const Drawing& ink, float threshold) {
  Mask mask(ink.width, ink.height);
  for (size_t i = 0; i < ink.ink.size(); ++i) mask.is_ink[i] = ink.ink[i] >= threshold;
  return mask;
}

/// In blocks that stay in the cache.
Mask transpose(const Mask& mask) {
  constexpr int64_t kBlock = 64;
  Mask turned(mask.height, mask.width);
  for (int64_t top = 0; top < mask.height; top += kBlock) {
    for (int64_t left = 0; left < mask.width; left += kBlock) {
      for (int64_t y = top; y < std::min(top + kBlock, mask.height); ++y) {
        for (int64_t x = left; x < std::min(left + kBlock, mask.width); ++x) turned.at(y, x) = mask.at(x, y);
      }
    }
  }
  return turned;
}

/// Where one row of pixels crosses something: columns `begin` to one before `end`.
struct Run {
  int64_t row = 0, begin = 0, end = 0;

  int64_t length() const { return end - begin; }
  double middle() const { return static_cast<double>(begin + end - 1) / 2; }
};

/// A line from the top down: middle = offset + slope * row.
struct Line {
  std::vector<Run> runs;  ///< where it shows
  double offset = 0, slope = 0;
  double thickness = 0;
  bool is_upright = true;  ///< else rows and columns are exchanged

  int64_t begin() const { return runs.front().row; }
  int64_t end() const { return runs.back().row + 1; }
  int64_t length() const { return end() - begin(); }
  double middle(double row) const { return offset + slope * row; }
};

/// A line that is being followed. The newest runs weigh most, so that a page that curls a little does no harm.
class Track {
 public:
  explicit Track(const Run& first) { add(first); }

  /// Whether a run goes on with this line, and is no stroke that it meets.
  bool goes_on_with(const Run& run) const {
    constexpr double kSoft = 1.5;
    if (runs.size() < kFew) return true;
    return std::abs(run.middle() - expect(run.row)) <= kSoft + thickness_ / 2 &&
           static_cast<double>(run.length()) <= kSoft * (thickness_ + 1);
  }

  void add(const Run& run) {
    const auto row = static_cast<double>(run.row);
    for (double* sum : {&n_, &x_, &y_, &xx_, &xy_}) *sum *= kKeep;
    n_ += 1;
    x_ += row;
    y_ += run.middle();
    xx_ += row * row;
    xy_ += row * run.middle();
    runs.push_back(run);
    hidden = missing = 0;
    thickness_ +=
        (static_cast<double>(run.length()) - thickness_) / static_cast<double>(std::min<size_t>(runs.size(), 20));
  }

  double expect(int64_t row) const { return y_ / n_ + slope() * (static_cast<double>(row) - x_ / n_); }

  double slope() const {
    if (runs.size() < kFew) return 0;
    return (xy_ - x_ * y_ / n_) / std::max(1e-6, xx_ - x_ * x_ / n_);
  }

  std::vector<Run> runs;
  int64_t hidden = 0;  ///< rows since it showed last, under other ink
  int64_t missing = 0;

 private:
  static constexpr double kKeep = 0.98;
  static constexpr size_t kFew = 8;  ///< runs that tell neither a slope nor a thickness
  double thickness_ = 0;
  double n_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0;
};

std::vector<Run> find_runs(const Mask& mask, int64_t row) {
  const uint8_t* const begin = &mask.is_ink[static_cast<size_t>(row * mask.width)];
  const uint8_t* const end = begin + mask.width;
  const auto find = [end](const uint8_t* from, int value) {  // most of a page is empty
    const void* found = from == end ? nullptr : std::memchr(from, value, static_cast<size_t>(end - from));
    return found == nullptr ? end : static_cast<const uint8_t*>(found);
  };
  std::vector<Run> runs;
  for (const uint8_t* ink = find(begin, 1); ink != end; ink = find(ink, 1)) {
    const uint8_t* const after = find(ink, 0);
    runs.push_back({row, ink - begin, after - begin});
    ink = after;
  }
  return runs;
}

/// A straight line through runs; none where they are not straight, or not as long and thin as a line.
std::optional<Line> fit_line(std::vector<Run> runs, double min_length) {
  Line line;
  line.runs = std::move(runs);
  const auto n = static_cast<double>(line.runs.size());
  const auto length = static_cast<double>(line.length());
  if (length < min_length || n < kMinVisible * length) return {};
  double row = 0;
  double middle = 0;
  std::vector<int64_t> lengths;
  for (const Run& run : line.runs) {
    row += static_cast<double>(run.row) / n;
    middle += run.middle() / n;
    lengths.push_back(run.length());
  }
  double across = 0;
  double along = 0;
  for (const Run& run : line.runs) {
    const double from_row = static_cast<double>(run.row) - row;
    across += from_row * (run.middle() - middle);
    along += from_row * from_row;
  }
  line.slope = across / std::max(1e-6, along);
  line.offset = middle - line.slope * row;
  double off = 0;
  for (const Run& run : line.runs) {
    const double error = run.middle() - line.middle(static_cast<double>(run.row));
    off += error * error / n;
  }
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<int64_t>(lengths.size() / 2), lengths.end());
  line.thickness = static_cast<double>(lengths[lengths.size() / 2]);
  const bool is_straight = std::sqrt(off) <= std::max(1.5, 0.01 * length);
  if (!is_straight || std::abs(line.slope) > kMaxSlope || length < kMinSlender * line.thickness) return {};
  return line;
}

/// Joins what a broad stroke cut in two.
void join_halves(std::vector<Line>& lines, const Mask& mask) {
  const auto go_on = [&](const Line& a, const Line& b) {
    if (b.begin() < a.end()) return false;
    const auto row = static_cast<double>(a.end() + b.begin()) / 2;
    const double apart = std::abs(a.middle(row) - b.middle(row));
    if (apart > 1 + (a.thickness + b.thickness) / 2) return false;
    for (int64_t y = a.end(); y < b.begin(); ++y) {
      const int64_t x = std::llround((a.middle(static_cast<double>(y)) + b.middle(static_cast<double>(y))) / 2);
      if (x < 0 || x >= mask.width || !mask.at(x, y)) return false;
    }
    return true;
  };
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.begin() < b.begin(); });
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t j = i + 1; j < lines.size(); ++j) {
      if (!go_on(lines[i], lines[j])) continue;
      std::vector<Run> runs = lines[i].runs;
      runs.insert(runs.end(), lines[j].runs.begin(), lines[j].runs.end());
      const auto whole = fit_line(std::move(runs), 0);
      if (!whole) continue;
      lines[i] = *whole;
      lines.erase(lines.begin() + static_cast<int64_t>(j));
      j = i;
    }
  }
}

/// Follows thin runs of ink from row to row.
std::vector<Line> follow_lines(const Mask& mask) {
  const double shorter = static_cast<double>(std::min(mask.width, mask.height));
  const double longer = static_cast<double>(std::max(mask.width, mask.height));
  const int64_t thickest = std::max<int64_t>(3, std::llround(kThickest * longer));
  const auto max_missing = static_cast<int64_t>(2 + 0.01 * shorter);
  const auto max_hidden = static_cast<int64_t>(0.4 * static_cast<double>(mask.height));
  std::vector<Track> active;
  std::vector<Line> lines;
  const auto close = [&](const Track& track) {
    if (auto line = fit_line(track.runs, kMinLength * shorter)) lines.push_back(std::move(*line));
  };
  for (int64_t row = 0; row < mask.height; ++row) {
    const std::vector<Run> runs = find_runs(mask, row);
    std::vector<bool> is_taken(runs.size(), false);
    std::sort(active.begin(), active.end(),
              [](const Track& a, const Track& b) { return a.runs.size() > b.runs.size(); });
    for (Track& track : active) {
      const double expected = track.expect(row);
      const auto found = std::find_if(runs.begin(), runs.end(), [&](const Run& run) {
        return static_cast<double>(run.begin) - 1.5 <= expected && expected <= static_cast<double>(run.end) + 0.5;
      });
      const auto position = static_cast<size_t>(found - runs.begin());
      if (found == runs.end() || is_taken[position]) {
        ++track.missing;
      } else if (found->length() > thickest || !track.goes_on_with(*found)) {
        ++track.hidden;
      } else {
        is_taken[position] = true;
        track.add(*found);
      }
    }
    const auto is_over = [&](const Track& track) {
      return track.missing > max_missing || track.hidden > max_hidden || std::abs(track.slope()) > 2 * kMaxSlope;
    };
    for (const Track& track : active) {
      if (is_over(track)) close(track);
    }
    std::erase_if(active, is_over);
    for (size_t i = 0; i < runs.size(); ++i) {
      if (!is_taken[i] && runs[i].length() <= thickest) active.emplace_back(runs[i]);
    }
  }
  for (const Track& track : active) close(track);
  join_halves(lines, mask);
  return lines;
}

/// Calls `visit(x, y)` for the pixels of a run.
template <typename Visit>
void visit_run(const Line& line, const Run& run, int64_t around, int64_t width, const Visit& visit) {
  for (int64_t i = std::max<int64_t>(0, run.begin - around); i < std::min(width, run.end + around); ++i) {
    line.is_upright ? visit(i, run.row) : visit(run.row, i);
  }
}

/// A run much wider than its line lies under a stroke.
bool is_bare(const Line& line, const Run& run) { return static_cast<double>(run.length()) <= 1.5 * line.thickness + 1; }

template <typename Visit>
void visit_bare_runs(const Line& line, const Drawing& ink, int64_t around, const Visit& visit) {
  for (const Run& run : line.runs) {
    if (is_bare(line, run)) visit_run(line, run, around, line.is_upright ? ink.width : ink.height, visit);
  }
}

/// The digits' ink beside the lines.
struct Rest {
  Components pieces;
  std::vector<bool> counts;  ///< of each piece: whether it may be a digit's
  double height = 0;         ///< of the tallest piece
  double width = 0;          ///< of the widest
};

/// Everything that would stay if all lines went.
Rest without(const Drawing& ink, float threshold, const std::vector<Line>& lines) {
  Drawing left = ink;
  double thickness = 0;
  for (const Line& line : lines) {
    visit_bare_runs(line, ink, 0, [&](int64_t x, int64_t y) { left.at(x, y) = 0; });
    thickness = std::max(thickness, line.thickness);
  }
  Rest rest{find_components(left, threshold), {}};
  for (const Component& piece : rest.pieces.list) {
    const bool counts = static_cast<double>(piece.box.longer_side()) > 2.5 * thickness + 2;  // else where lines cross
    rest.counts.push_back(counts);
    if (!counts) continue;
    rest.height = std::max(rest.height, static_cast<double>(piece.box.height()));
    rest.width = std::max(rest.width, static_cast<double>(piece.box.width()));
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
};

/// Whether `row` of `line` is where `other`, which lies across, is.
bool meets(const Line& line, int64_t row, const Line& other, double near) {
  const double column = line.middle(static_cast<double>(row));
  return std::abs(other.middle(column) - static_cast<double>(row)) <= near + other.thickness &&
         column >= static_cast<double>(other.begin()) - near && column <= static_cast<double>(other.end()) + near;
}

Situation look_around(const Line& line, const Drawing& ink, const Rest& rest, const std::vector<Line>& lines) {
  const int64_t length = line.is_upright ? ink.height : ink.width;
  const int64_t width = line.is_upright ? ink.width : ink.height;
  const double near = 2 + kNear * static_cast<double>(std::min(ink.width, ink.height));
  Situation found;
  const double edge = kEdge * static_cast<double>(length);
  const auto leaves = [&](int64_t row) {  // to the left or right
    const double column = line.middle(static_cast<double>(row));
    return column <= near || column >= static_cast<double>(width) - near;
  };
  const bool at_start = static_cast<double>(line.begin()) <= edge || leaves(line.begin());
  const bool at_end = static_cast<double>(length - line.end()) <= edge || leaves(line.end());
  found.from_edge_to_edge = at_start && at_end;
  bool begins = at_start;
  bool ends = at_end;
  for (const Line& other : lines) {
    if (other.is_upright == line.is_upright) continue;
    begins |= meets(line, line.begin(), other, near);
    ends |= meets(line, line.end(), other, near);
  }
  found.is_boxed = begins && ends;

  const auto counts = [&](int64_t x, int64_t y) {
    const int32_t label = rest.pieces.labels[static_cast<size_t>(y * ink.width + x)];
    return label >= 0 && rest.counts[static_cast<size_t>(label)];
  };
  const double reach = line.thickness / 2 + 2;
  int64_t first = line.end();
  int64_t last = line.begin();
  bool above = false;
  bool below = false;
  const double gap = std::max(reach, kUnderlineGap * rest.height);
  const auto margin = static_cast<int64_t>(reach);
  for (int64_t row = std::max<int64_t>(0, line.begin() - margin); row < std::min(length, line.end() + margin); ++row) {
    const double middle = line.middle(static_cast<double>(row));
    for (int64_t i = 0; i < width; ++i) {
      if (!(line.is_upright ? counts(i, row) : counts(row, i))) continue;
      const double away = static_cast<double>(i) - middle;
      if (std::abs(away) <= reach) {
        first = std::min(first, row);
        last = std::max(last, row);
      }
      above |= away < -gap;
      below |= away > -gap;
    }
  }
  found.touches = first <= last;
  found.is_under = !line.is_upright && !found.touches && above && !below;
  if (found.touches) {
    found.beyond =
        static_cast<double>(std::min(first - line.begin(), line.end() - 1 - last)) / static_cast<double>(line.length());
  }
  return found;
}

/// Whether a line is none of a digit's strokes.
bool is_ruled(const Line& line, const Situation& at, const Rest& rest) {
  const auto length = static_cast<double>(line.length());
  if (at.touches && at.beyond < kBeyond) return false;
  if (at.from_edge_to_edge || at.is_boxed) return length >= (line.is_upright ? rest.height : rest.width);
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
  const Components pieces = find_components(ink, threshold);
  std::vector<bool> is_remnant(pieces.list.size(), false);
  for (size_t i = 0; i < pieces.list.size(); ++i) {
    const Box& box = pieces.list[i].box;
    is_remnant[i] = std::any_of(erased.begin(), erased.end(), [&](const Line& line) {
      const double along = static_cast<double>(line.is_upright ? box.top + box.bottom : box.left + box.right) / 2;
      const auto begin = static_cast<double>(line.is_upright ? box.left : box.top);
      const auto end = static_cast<double>(line.is_upright ? box.right : box.bottom);
      const double reach = 1.5 * line.thickness + 2;
      const auto beyond = static_cast<double>(3 + 2 * line.thickness);
      return along >= static_cast<double>(line.begin()) - beyond && along <= static_cast<double>(line.end()) + beyond &&
             begin >= line.middle(along) - reach && end <= line.middle(along) + reach;
    });
  }
  for (size_t i = 0; i < pieces.labels.size(); ++i) {
    if (pieces.labels[i] >= 0 && is_remnant[static_cast<size_t>(pieces.labels[i])]) ink.ink[i] = 0;
  }
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

}  // namespace

void erase_lines(Drawing& ink, float threshold) {
  if (ink.whole().longer_side() < kMinSide) return;
  erase_slivers(ink, threshold);
  const Mask mask = find_mask(ink, threshold);
  std::vector<Line> lines = follow_lines(mask);
  for (Line& line : follow_lines(transpose(mask))) {
    line.is_upright = false;
    lines.push_back(std::move(line));
  }
  if (lines.empty()) return;
  std::vector<Line> ruled;
  // What turns out to be a stroke belongs to the digits that the other lines are measured by.
  for (size_t before = lines.size() + 1; lines.size() < before;) {
    before = lines.size();
    ruled.clear();
    const Rest rest = without(ink, threshold, lines);
    if (rest.height == 0) break;
    std::vector<Line> kept;
    for (Line& line : lines) {
      const Situation at = look_around(line, ink, rest, lines);
      const bool goes = is_ruled(line, at, rest);
      if (goes) ruled.push_back(line);
      if (goes || !at.touches) kept.push_back(line);
    }
    lines = std::move(kept);
  }
  if (ruled.empty()) return;
  for (const Line& line : ruled) erase(ink, threshold, line);
  erase_remnants(ink, threshold, ruled);
}

}  // namespace digitrec
