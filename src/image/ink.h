#pragma once

#include "image/drawing.h"
#include "image/image_file.h"

namespace digitrec {

/// Said of a picture in which no digit can be made out.
constexpr const char* kNoise = "only noise; expected a picture of a digit";

/// The ink of a picture, apart from what it is drawn on: large pictures are shrunk, shades of the background evened
/// out, dark on light told from light on dark, and the strokes' usual strength is 1. Throws Error, naming
/// `image.source`, when nothing stands out from the background or only noise does.
Drawing find_ink(const GrayImage& image);

}  // namespace digitrec
