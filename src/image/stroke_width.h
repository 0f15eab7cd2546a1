#pragma once

#include "core/drawing.h"

namespace digitrec {

/// How thick a drawing's strokes are, in pixels.
struct Strokes {
  double width;  ///< on average, measured across them
  double widest;
};

/// Each pixel's distance to the middle of the nearest one of at least `threshold`; huge where there is none.
Drawing distance_to_ink(const Drawing& drawing, float threshold);

/// Measures along the strokes' middle lines, where the distance to the background is a local maximum. Pixels
/// of at least 0.5 are ink. Both are 0 for a drawing without ink.
Strokes measure_strokes(const Drawing& drawing);

/// The drawing with strokes `by` pixels thicker (thinner where negative), on a border of that many pixels more on every
/// side.
Drawing thicken(const Drawing& drawing, double by);

}  // namespace digitrec
