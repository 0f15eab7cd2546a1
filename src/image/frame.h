#pragma once

#include "core/drawing.h"

namespace digitrec {

/// Continues the picture over a frame around it, of another grey or of several: a window's, a scanner's, a canvas's
/// border.
void cover_frame(Drawing& levels);

}  // namespace digitrec
