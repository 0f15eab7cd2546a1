#include "image/picture_size.h"

#include <algorithm>
#include <cstdlib>

namespace digitrec {
namespace {

/// A file's numbers; 0 beyond its end.
class Numbers {
 public:
  Numbers(std::string_view bytes, bool is_little) : bytes_(bytes), is_little_(is_little) {}

  uint32_t read(size_t at, size_t count) const {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t place = is_little_ ? at + count - 1 - i : at + i;
      value = value << 8 | (place < bytes_.size() ? static_cast<uint8_t>(bytes_[place]) : 0U);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool is_little_;
};

// https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
PictureSize bmp_size(std::string_view bytes) {
  const Numbers numbers(bytes, true);
  constexpr uint32_t kOldHeader = 12;
  if (numbers.read(14, 4) == kOldHeader) return {numbers.read(18, 2), numbers.read(20, 2)};
  // A negative height says that the rows begin at the top.
  return {static_cast<int32_t>(numbers.read(18, 4)), std::abs(int64_t{static_cast<int32_t>(numbers.read(22, 4))})};
}

PictureSize gif_size(std::string_view bytes) {
  const Numbers numbers(bytes, true);
  return {numbers.read(6, 2), numbers.read(8, 2)};
}

// https://developers.google.com/speed/webp/docs/riff_container
PictureSize webp_size(std::string_view bytes) {
  const Numbers numbers(bytes, true);
  const std::string_view kind = bytes.substr(0, 16).substr(std::min<size_t>(12, bytes.size()));
  constexpr uint32_t kBits14 = 0x3FFF;
  if (kind == "VP8X") return {int64_t{numbers.read(24, 3)} + 1, int64_t{numbers.read(27, 3)} + 1};
  if (kind == "VP8L") {
    const uint32_t bits = numbers.read(21, 4);
    return {int64_t{bits & kBits14} + 1, int64_t{bits >> 14 & kBits14} + 1};
  }
  return {numbers.read(26, 2) & kBits14, numbers.read(28, 2) & kBits14};
}

/// Of the first directory, the only one that is read.
PictureSize tiff_size(std::string_view bytes) {
  constexpr uint32_t kWidth = 256;
  constexpr uint32_t kHeight = 257;
  constexpr uint32_t kShort = 3;
  const Numbers numbers(bytes, bytes.starts_with("II"));
  PictureSize size;
  const size_t directory = numbers.read(4, 4);
  const uint32_t entries = numbers.read(directory, 2);
  for (size_t i = 0; i < entries && directory + 2 + 12 * i < bytes.size(); ++i) {
    const size_t entry = directory + 2 + 12 * i;
    const uint32_t tag = numbers.read(entry, 2);
    const int64_t value = numbers.read(entry + 8, numbers.read(entry + 2, 2) == kShort ? 2 : 4);
    if (tag == kWidth) size.width = value;
    if (tag == kHeight) size.height = value;
  }
  return size;
}

/// HEIC and AVIF: boxes "ispe" hold the sizes of all pictures and tiles in the file (ISO/IEC 23008-12).
PictureSize heif_size(std::string_view bytes) {
  constexpr std::string_view kBox = "ispe";
  const Numbers numbers(bytes, false);
  PictureSize largest;
  for (size_t at = bytes.find(kBox); at != std::string_view::npos; at = bytes.find(kBox, at + 1)) {
    const PictureSize size{numbers.read(at + 8, 4), numbers.read(at + 12, 4)};
    largest.width = std::max(largest.width, size.width);
    largest.height = std::max(largest.height, size.height);
  }
  return largest;
}

}  // namespace

PictureSize read_picture_size(std::string_view bytes) {
  if (bytes.starts_with("BM")) return bmp_size(bytes);
  if (bytes.starts_with("GIF8")) return gif_size(bytes);
  if (bytes.starts_with("RIFF")) return webp_size(bytes);
  if (bytes.starts_with("II*") || bytes.starts_with(std::string_view("MM\0*", 4))) return tiff_size(bytes);
  if (bytes.size() > 8 && bytes.substr(4, 4) == "ftyp") return heif_size(bytes);
  return {};
}

}  // namespace digitrec
