#pragma once

#include "image/image_file.h"

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

/// A picture on its way from a decoder, row by row: made half as wide and high where it is large (is_halved), its
/// transparency laid on white or black at the end.
class PixelRows {
 public:
  PixelRows() = default;
  /// `channels`: 1, grey; 2, grey and alpha. Throws std::bad_alloc.
  PixelRows(int64_t width, int64_t height, int64_t channels);

  size_t row_bytes() const { return static_cast<size_t>(width_ * channels_); }
  /// The next row, from the top. Throws std::bad_alloc.
  void take(const uint8_t* row);
  /// The picture, once all its rows are there.
  GrayImage finish(const std::string& source);

 private:
  void append(const uint8_t* first, const uint8_t* second);

  int64_t width_ = 0;
  int64_t height_ = 0;
  int64_t channels_ = 1;
  int64_t taken_ = 0;
  std::vector<uint8_t> pixels_;
  std::vector<uint8_t> upper_;  ///< the first of two rows that become one
};

/// The light of a colour, as JPEG has it (ITU-R BT.601).
constexpr uint8_t grey_of(int red, int green, int blue) {
  return static_cast<uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

}  // namespace digitrec
