#pragma once

#include "core/drawing.h"
#include "image/components.h"

namespace digitrec {

/// Takes what somebody drew around digits: rings, loops, boxes that are not straight. What is taken encloses others
/// that are tall in it, and is no narrower than a 0 with a stroke or a dot in it.
void erase_rings(Drawing& ink, Components& found);

}  // namespace digitrec
