#pragma once

#include "image/image_file.h"

#include <string_view>

namespace digitrec {

/// How a camera was held, as Exif says it (tag 0x0112): 1, upright, to 8. `exif` is a TIFF file, with or without "Exif"
/// and two zeros before it; 1 where it says nothing.
int exif_orientation(std::string_view exif);

/// Turns and mirrors a picture so that it is upright.
void set_upright(GrayImage& image, int orientation);

}  // namespace digitrec
