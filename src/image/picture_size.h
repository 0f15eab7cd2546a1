#pragma once

#include <cstdint>
#include <string_view>

namespace digitrec {

struct PictureSize {
  int64_t width = 0;
  int64_t height = 0;
};

/// The size of a BMP, GIF, WebP, TIFF, HEIC or AVIF picture as its header says, so that nothing is unpacked before it
/// is known what that would take; zeros for what is damaged or none of them. Of several pictures in a file, the
/// largest.
PictureSize read_picture_size(std::string_view bytes);

}  // namespace digitrec
