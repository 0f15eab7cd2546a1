#pragma once

#include "core/drawing.h"
#include "image/image_file.h"

namespace digitrec {

/// The message for a picture in which no digit can be found.
constexpr const char* kNoise = "only noise; expected a picture of a digit";

/// The ink of a picture without its background: large pictures are shrunk, shades of the background evened out, dark on
/// light told from light on dark, and the strokes' usual strength is 1. Throws Error, naming
/// `image.source`, when nothing stands out from the background or only noise does.
Drawing find_ink(const GrayImage& image);

}  // namespace digitrec
