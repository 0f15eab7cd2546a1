#include "image/straight_lines.h"

#include "image/median.h"
#include "image/transpose.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace digitrec {
namespace {

/// A line is no thicker than this share of the longer side.
constexpr double kThickest = 0.03;
/// It leans by at most this much, in pixels across for one along,
constexpr double kMaxSlope = 0.2;
/// is at least this long, in parts of the shorter side, and in parts of its thickness,
constexpr double kMinLength = 0.1;
constexpr double kMinSlender = 6;
/// and shows for this share of its length; the rest lies under strokes.
constexpr double kMinVisible = 0.4;
/// A line of dashes has at least this many, none longer than this share of the longer side.
constexpr size_t kMinDashes = 4;
constexpr double kLongestDash = 0.04;

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

Mask turn(const Mask& mask) {
  Mask turned(mask.height, mask.width);
  turned.is_ink = transpose(mask.is_ink, mask.width, mask.height);
  return turned;
}

/// How far a line may go, in pixels,
struct Limits {
  int64_t broken = 0;  ///< on after a gap,
  int64_t dash = 0;    ///< as a dash, after which the gap may be wider,
  int64_t hidden = 0;  ///< and under other ink
};

/// A line that is being followed. The newest runs weigh most, so that a page that curls a little does no harm.
class Track {
 public:
  Track(const Run& first, const Limits& limits) : limits_(&limits) { add(first); }

  /// Whether it ended before this row: a line that broke off, or a dash after which no other one came.
  bool is_over() const {
    const int64_t gap = dash() > limits_->dash ? limits_->broken : std::max(limits_->broken, 2 + 3 * dash() / 2);
    return missing > gap || hidden > limits_->hidden || std::abs(slope()) > 2 * kMaxSlope;
  }

  /// Whether it is one line, or one of dashes.
  bool is_line() const { return dashes_.size() == 1 || dashes_.size() >= kMinDashes; }

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
    if (missing > limits_->broken) dashes_.push_back(runs.size());
    runs.push_back(run);
    if (dashes_.size() > 1 && dash() > limits_->dash) {  // where a line begins after a few dots
      runs.erase(runs.begin(), runs.begin() + static_cast<int64_t>(dashes_.back()));
      dashes_ = {0};
    }
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
  int64_t dash() const { return static_cast<int64_t>(runs.size() - dashes_.back()); }

  const Limits* limits_;
  std::vector<size_t> dashes_{0};  ///< where in the runs each begins
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
  line.thickness = static_cast<double>(median(std::move(lengths)));
  const bool is_straight = std::sqrt(off) <= std::max(1.5, 0.01 * length);
  if (!is_straight || std::abs(line.slope) > kMaxSlope || length < kMinSlender * line.thickness) return {};
  return line;
}

/// Joins what a broad stroke or a short gap cut in two.
void join_halves(std::vector<Line>& lines, const Mask& mask) {
  constexpr int64_t kSlender = 4;  // a half to the gap
  const auto go_on = [&](const Line& a, const Line& b) {
    if (b.begin() < a.end()) return false;
    const auto row = static_cast<double>(a.end() + b.begin()) / 2;
    const double apart = std::abs(a.middle(row) - b.middle(row));
    if (apart > 1 + (a.thickness + b.thickness) / 2) return false;
    if (std::min(a.length(), b.length()) >= kSlender * (b.begin() - a.end()))
      return true;  // a shadow's edge lies there
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

/// Goes on with a line beyond an end, under the strokes that meet it there, to where it shows again. `step`: -1 or 1.
void extend_end(Line& line, const Mask& mask, int64_t step) {
  std::vector<Run> found;
  for (int64_t row = step < 0 ? line.begin() - 1 : line.end(); row >= 0 && row < mask.height; row += step) {
    const double expected = line.middle(static_cast<double>(row));
    const int64_t column = std::llround(expected);
    if (column < 0 || column >= mask.width || !mask.at(column, row)) break;
    Run run{row, column, column + 1};
    while (run.begin > 0 && mask.at(run.begin - 1, row)) --run.begin;
    while (run.end < mask.width && mask.at(run.end, row)) ++run.end;
    if (static_cast<double>(run.length()) <= line.thickness + 1 && std::abs(run.middle() - expected) <= 1) {
      found.push_back(run);
    }
  }
  if (step < 0) std::reverse(found.begin(), found.end());
  line.runs.insert(step < 0 ? line.runs.begin() : line.runs.end(), found.begin(), found.end());
}

/// Goes on with the tracks into a row, the longest first. True for each of its runs that a track took.
std::vector<bool> extend(std::vector<Track>& tracks, const std::vector<Run>& runs, int64_t row, int64_t thickest) {
  std::vector<bool> is_taken(runs.size(), false);
  std::sort(tracks.begin(), tracks.end(), [](const Track& a, const Track& b) { return a.runs.size() > b.runs.size(); });
  for (Track& track : tracks) {
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
  return is_taken;
}

/// Follows thin runs of ink from row to row.
std::vector<Line> follow_lines(const Mask& mask) {
  const double shorter = static_cast<double>(std::min(mask.width, mask.height));
  const double longer = static_cast<double>(std::max(mask.width, mask.height));
  const int64_t thickest = std::max<int64_t>(3, std::llround(kThickest * longer));
  const Limits limits{static_cast<int64_t>(2 + 0.01 * shorter), static_cast<int64_t>(kLongestDash * longer),
                      static_cast<int64_t>(0.4 * static_cast<double>(mask.height))};
  std::vector<Track> active;
  std::vector<Line> lines;
  const auto close = [&](const Track& track) {
    if (!track.is_line()) return;
    if (auto line = fit_line(track.runs, kMinLength * shorter)) lines.push_back(std::move(*line));
  };
  for (int64_t row = 0; row < mask.height; ++row) {
    const std::vector<Run> runs = find_runs(mask, row);
    const std::vector<bool> is_taken = extend(active, runs, row, thickest);
    for (const Track& track : active) {
      if (track.is_over()) close(track);
    }
    std::erase_if(active, [](const Track& track) { return track.is_over(); });
    for (size_t i = 0; i < runs.size(); ++i) {
      if (!is_taken[i] && runs[i].length() <= thickest) active.emplace_back(runs[i], limits);
    }
  }
  for (const Track& track : active) close(track);
  join_halves(lines, mask);
  for (Line& line : lines) {
    extend_end(line, mask, -1);
    extend_end(line, mask, 1);
  }
  return lines;
}

}  // namespace

bool meets(const Line& line, int64_t row, const Line& other, double near) {
  const double column = line.middle(static_cast<double>(row));
  return std::abs(other.middle(column) - static_cast<double>(row)) <= near + other.thickness &&
         column >= static_cast<double>(other.begin()) - near && column <= static_cast<double>(other.end()) + near;
}

bool is_as_thin(const Line& line, const Line& other) {
  constexpr double kAlike = 1.5;
  return line.thickness <= kAlike * other.thickness + 0.5;
}

float peak(const Line& line, const Run& run, const Drawing& ink) {
  float strongest = 0;
  for (int64_t i = run.begin; i < run.end; ++i) {
    strongest = std::max(strongest, line.is_upright ? ink.at(i, run.row) : ink.at(run.row, i));
  }
  return strongest;
}

std::vector<Line> find_straight_lines(const Drawing& ink, float threshold) {
  const Mask mask = find_mask(ink, threshold);
  std::vector<Line> lines = follow_lines(mask);
  for (Line& line : follow_lines(turn(mask))) {
    line.is_upright = false;
    lines.push_back(std::move(line));
  }
  for (Line& line : lines) {
    std::vector<float> peaks;
    for (const Run& run : line.runs) peaks.push_back(peak(line, run, ink));
    line.strength = median(std::move(peaks));
  }
  return lines;
}

}  // namespace digitrec
