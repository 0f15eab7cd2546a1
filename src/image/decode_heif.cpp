// HEIC, as iPhones take photos, and AVIF, which libgd reads where it was built with their decoders.
#include "image/decoders.h"
#include "image/pixel_rows.h"

#include <gd.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace digitrec {
namespace {

/// Bytes that libgd and the decoders behind it take for a pixel, at the most.
constexpr int64_t kHeifBytes = 10;

struct Size {
  int64_t width = 0;
  int64_t height = 0;
};

int64_t big_endian(std::string_view bytes, size_t at) {
  int64_t value = 0;
  for (size_t i = at; i < at + 4; ++i) value = value << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0);
  return value;
}

/// The largest of the pictures in the file, as the boxes "ispe" have their sizes (ISO/IEC 23008-12): of a photo also
/// those of its tiles and its preview.
Size largest_picture(std::string_view bytes) {
  constexpr std::string_view kBox = "ispe";
  Size largest;
  for (size_t at = bytes.find(kBox); at != std::string_view::npos; at = bytes.find(kBox, at + kBox.size())) {
    largest.width = std::max(largest.width, big_endian(bytes, at + 8));
    largest.height = std::max(largest.height, big_endian(bytes, at + 12));
  }
  return largest;
}

#if GD_MAJOR_VERSION > 2 || (GD_MAJOR_VERSION == 2 && GD_MINOR_VERSION > 3) || \
    (GD_MAJOR_VERSION == 2 && GD_MINOR_VERSION == 3 && GD_RELEASE_VERSION >= 2)
gdImagePtr read(const std::string& bytes) {
  const auto size = static_cast<int>(bytes.size());
  void* data = const_cast<char*>(bytes.data());  // libgd does not write to it
  return bytes.substr(8, 4) == "avif" ? gdImageCreateFromAvifPtr(size, data) : gdImageCreateFromHeifPtr(size, data);
}
#else
gdImagePtr read(const std::string& /*bytes*/) { return nullptr; }
#endif

}  // namespace

bool is_heif(std::string_view bytes) {
  constexpr std::array<std::string_view, 4> kBrands{"heic", "heix", "mif1", "avif"};
  return bytes.substr(0, 8).ends_with("ftyp") &&
         std::any_of(kBrands.begin(), kBrands.end(),
                     [&](std::string_view brand) { return bytes.substr(8).starts_with(brand); });
}

GrayImage decode_heif(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  const Size size = largest_picture(bytes);
  if (size.width == 0 || size.height == 0) fail_to_decode(name, "damaged HEIC or AVIF file");
  require_size(name, size.width, size.height, limits.max_pixels);
  silence_gd();
  const std::unique_ptr<gdImage, decltype(&gdImageDestroy)> image(read(bytes), &gdImageDestroy);
  if (image == nullptr) fail_to_decode(name, "damaged HEIC or AVIF file, or libgd reads none here");
  require_size(name, image->sx, image->sy, limits.max_pixels);
  PixelRows rows(image->sx, image->sy, 2);
  for (int y = 0; y < image->sy; ++y) {
    if (limits.is_stopped && limits.is_stopped()) fail_to_decode(name, "stopped");
    std::vector<uint8_t> row;
    for (int x = 0; x < image->sx; ++x) {
      const int pixel = gdImageGetTrueColorPixel(image.get(), x, y);
      row.push_back(grey_of(gdTrueColorGetRed(pixel), gdTrueColorGetGreen(pixel), gdTrueColorGetBlue(pixel)));
      row.push_back(static_cast<uint8_t>((gdAlphaTransparent - gdTrueColorGetAlpha(pixel)) * 255 / gdAlphaTransparent));
    }
    rows.take(row.data());
  }
  return rows.finish(name);
}

ImageCost measure_heif(const std::string& bytes) {
  const auto [width, height] = largest_picture(bytes);
  if (width < 1 || height < 1 || width > kMaxPixels / height) return {};
  return {width * height, kHeifBytes * width * height + cost_of_pixels(width, height)};
}

}  // namespace digitrec
