#pragma once

#include "image/straight_lines.h"

#include <vector>

namespace digitrec {

/// Of each line: whether it belongs to what a form draws for a number to be written in, also where the digits touch it.
/// That are boxes, one or a row of them, and combs: a line with teeth on it, lower than digits, or as high as each
/// other with one at either end. `height`: of the tallest digit, pixels.
std::vector<bool> find_forms(const std::vector<Line>& lines, double height);

}  // namespace digitrec
