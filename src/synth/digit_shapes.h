#pragma once

#include <vector>

namespace digitrec {

/// A point of the unit square; x to the right, y down.
struct Point {
  double x = 0;
  double y = 0;
};

/// A smooth curve through the points, from where the pen touches the paper to where it leaves it, or to a sharp corner.
using Stroke = std::vector<Point>;

/// One way to write a digit, and how often people use it, relative to the digit's other styles.
struct Style {
  double weight;
  std::vector<Stroke> strokes;
};

/// The styles of a digit 0-9.
const std::vector<Style>& styles_of(int digit);

}  // namespace digitrec
