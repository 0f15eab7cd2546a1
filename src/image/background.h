#pragma once

#include "core/drawing.h"

#include <vector>

namespace digitrec {

/// How far values lie from 0: 1.48 times the median distance, which for a normal distribution is its deviation.
float deviation(std::vector<float> values);

/// The pixels of the ring `depth` pixels from the edge, in order around the picture. Along the edge they show the
/// background wherever the digit is drawn.
std::vector<float> edge_pixels(const Drawing& drawing, int64_t depth = 0);

/// Grey levels 0 to 255 without the background, which becomes 0; ink is positive, whether it was darker or lighter.
/// An even background, as on a canvas, is its level along the edge; light that falls unevenly is a surface of second
/// degree; and where the edge shows several surfaces (a shadow's edge, a table beside the paper), the background of
/// each point is that of its neighbourhood, and ink in the shade as strong as in the light.
Drawing subtract_background(Drawing levels);

}  // namespace digitrec
