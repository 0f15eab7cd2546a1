#pragma once

#include "image/image_file.h"

#include <string_view>

namespace digitrec {

/// How a camera was held, as Exif says it (tag 0x0112): 1 for upright to 8. `tiff`: a TIFF file, in which Exif keeps
/// it; 1 for what is none.
int exif_orientation(std::string_view tiff);

/// Turns and mirrors a picture so that it is upright.
void set_upright(GrayImage& image, int orientation);

}  // namespace digitrec
