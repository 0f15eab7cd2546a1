#pragma once

#include "core/drawing.h"

#include <optional>

namespace digitrec {

/// Whether ink, as much as `threshold`, reaches all four sides of a drawing and no more than two of its corners: it was
/// cut out along the digit. Lines along the edge reach more corners, or fewer sides.
bool is_cut_tightly(const Drawing& ink, float threshold);

/// The level of the paper in a picture cut so tightly around a digit that the edge does not tell it, as ink is much of
/// that: one of the two levels that the picture has, whichever lies at the corners and along most of the edge. None
/// where the picture has more levels than two, as a photo with shadows, or is not cut tightly. Levels: 0 to 255.
std::optional<float> find_paper_between_strokes(const Drawing& levels);

}  // namespace digitrec
