#pragma once

#include "core/drawing.h"

#include <cstdint>

namespace digitrec {

/// Dark becomes light.
void negate(Drawing& drawing);

/// Morphological dilation: each pixel the maximum of a square of `reach` pixels around it.
Drawing dilate(const Drawing& drawing, int64_t reach);

/// Morphological closing: dark things that a square of twice `reach`, pixels, does not fit into take the level around
/// them.
Drawing close_dark(const Drawing& levels, int64_t reach);

}  // namespace digitrec
