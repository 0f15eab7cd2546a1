#pragma once

#include "core/drawing.h"

namespace digitrec {

/// Takes from the ink what is no digit: the lines of ruled and squared paper, boxes and the cells of forms, underlines,
/// and the slivers of lines that a cut left along an edge of the picture. `threshold`: where ink begins. Strokes that
/// cross a line stay whole. Nothing is taken that would leave no digit: a bar by itself may be a 1.
void erase_lines(Drawing& ink, float threshold);

}  // namespace digitrec
