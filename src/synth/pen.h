#pragma once

#include "core/random.h"
#include "synth/digit_shapes.h"

#include <cstdint>
#include <vector>

namespace digitrec {

/// A Catmull-Rom spline through the points, as a fine polyline.
Stroke smooth(const Stroke& points);

/// Strokes of a pen as MNIST frames them: scaled into the box, keeping their shape, and centred by mass; row by row,
/// `image_size` squared, ink 255. `radius`: the pen's, in pixels of MNIST's 28.
std::vector<uint8_t> draw_framed(std::vector<Stroke> strokes, double radius, int64_t image_size, Random& random);

}  // namespace digitrec
