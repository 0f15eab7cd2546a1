#pragma once

#include <vector>

namespace digitrec {

/// A point of the unit square; x to the right, y down.
struct Point {
  double x = 0;
  double y = 0;
};

/// The pen's way from touching the paper to leaving it, or to a sharp corner: a smooth curve through the points.
using Stroke = std::vector<Point>;

/// One way to write a digit, with how often people write it so among that digit's styles.
struct Style {
  double weight;
  std::vector<Stroke> strokes;
};

/// The styles of a digit 0-9.
const std::vector<Style>& styles_of(int digit);

}  // namespace digitrec
