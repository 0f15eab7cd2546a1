#pragma once

#include "core/drawing.h"

#include <cstdint>
#include <vector>

namespace digitrec {

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
  double thickness = 0;    ///< median of the runs' lengths
  float strength = 0;      ///< median of their strongest ink
  bool is_upright = true;  ///< else rows and columns are exchanged

  int64_t begin() const { return runs.front().row; }
  int64_t end() const { return runs.back().row + 1; }
  int64_t length() const { return end() - begin(); }
  double middle(double row) const { return offset + slope * row; }
};

/// Whether `row` of a line is where `other`, which lies across it, is. `near`: pixels.
bool meets(const Line& line, int64_t row, const Line& other, double near);

/// Whether a line is no thicker than another, as the lines of one form are; a stroke that ends at one is thicker.
bool is_as_thin(const Line& line, const Line& other);

/// The strongest ink of a line's run.
float peak(const Line& line, const Run& run, const Drawing& ink);

/// The thin, nearly straight lines of ink that run down or across a drawing, those that strokes cross as well as the
/// strokes that are such lines themselves. `threshold`: where ink begins.
std::vector<Line> find_straight_lines(const Drawing& ink, float threshold);

}  // namespace digitrec
