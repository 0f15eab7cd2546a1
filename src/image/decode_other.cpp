#include "core/file_kind.h"
#include "image/decoders.h"
#include "image/gray_alpha.h"
#include "image/picture_size.h"

#include <gd.h>
#include <spdlog/fmt/fmt.h>
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <string>

namespace digitrec {
namespace {

/// libgd's reader for a kind of picture.
struct Reader {
  std::string_view kind;  ///< as file_kind names it
  gdImagePtr (*read)(int size, void* data);
};

#define DIGITREC_HAS_HEIF                                                     \
  (GD_MAJOR_VERSION > 2 || (GD_MAJOR_VERSION == 2 && GD_MINOR_VERSION > 3) || \
   (GD_MAJOR_VERSION == 2 && GD_MINOR_VERSION == 3 && GD_RELEASE_VERSION >= 2))

constexpr std::array kReaders{
    Reader{"a BMP picture", gdImageCreateFromBmpPtr},    Reader{"a GIF picture", gdImageCreateFromGifPtr},
    Reader{"a WebP picture", gdImageCreateFromWebpPtr},  Reader{"a TIFF picture", gdImageCreateFromTiffPtr},
#if DIGITREC_HAS_HEIF
    Reader{"a HEIC picture", gdImageCreateFromHeifPtr},  Reader{"a HEIF picture", gdImageCreateFromHeifPtr},
    Reader{"an AVIF picture", gdImageCreateFromAvifPtr},
#endif
};

const Reader* find_reader(std::string_view kind) {
  const auto found =
      std::find_if(kReaders.begin(), kReaders.end(), [&](const Reader& reader) { return reader.kind == kind; });
  return found == kReaders.end() ? nullptr : &*found;
}

std::string_view kind_of(const std::string& bytes) {
  return file_kind(std::string_view(bytes).substr(0, kFileKindBytes)).name;
}

using Image = std::unique_ptr<gdImage, decltype(&gdImageDestroy)>;

/// Grey, as JPEG weighs colours, and alpha of row `y`.
std::vector<uint8_t> grey_alpha_row(const Image& image, int64_t y) {
  std::vector<uint8_t> row;
  row.reserve(static_cast<size_t>(gdImageSX(image.get())) * 2);
  for (int x = 0; x < gdImageSX(image.get()); ++x) {
    const int pixel = gdImageGetTrueColorPixel(image.get(), x, static_cast<int>(y));
    const int grey =
        (299 * gdTrueColorGetRed(pixel) + 587 * gdTrueColorGetGreen(pixel) + 114 * gdTrueColorGetBlue(pixel) + 500) /
        1000;
    row.push_back(static_cast<uint8_t>(grey));
    row.push_back(static_cast<uint8_t>(255 - gdTrueColorGetAlpha(pixel) * 255 / gdAlphaMax));
  }
  return row;
}

}  // namespace

GrayImage decode_other(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  const FileKind kind = file_kind(std::string_view(bytes).substr(0, kFileKindBytes));
  const Reader* reader = find_reader(kind.name);
  if (reader == nullptr) {
    fail_to_decode(name, kind.name.empty() ? "no picture" : std::string(kind.name), std::string(kind.hint));
  }
  const PictureSize size = read_picture_size(bytes);
  require_size(name, size.width, size.height, limits.max_pixels);
  if (bytes.size() > INT_MAX) fail_to_decode(name, "too large");
  // What they have to say would go to stderr.
  gdSetErrorMethod([](int, const char*, va_list) {});
  TIFFSetErrorHandler(nullptr);
  TIFFSetWarningHandler(nullptr);
  const Image image(reader->read(static_cast<int>(bytes.size()), const_cast<char*>(bytes.data())), &gdImageDestroy);
  if (!image) fail_to_decode(name, fmt::format("{} that cannot be read; is it damaged?", kind.name));
  const int64_t width = gdImageSX(image.get());
  const int64_t height = gdImageSY(image.get());
  require_size(name, width, height, limits.max_pixels);
  const bool halves = is_halved(width, height);
  std::vector<uint8_t> grey_alpha;
  for (int64_t y = 0; y < height; y += halves ? 2 : 1) {
    if (limits.is_stopped && limits.is_stopped()) fail_to_decode(name, "stopped");
    std::vector<uint8_t> row = grey_alpha_row(image, y);
    if (halves) {
      const std::vector<uint8_t> lower = y + 1 < height ? grey_alpha_row(image, y + 1) : row;
      row = halve(row.data(), lower.data(), width, 2);
    }
    grey_alpha.insert(grey_alpha.end(), row.begin(), row.end());
  }
  return {halves ? (width + 1) / 2 : width, halves ? (height + 1) / 2 : height, flatten(grey_alpha), name};
}

ImageCost measure_other(const std::string& bytes) {
  if (find_reader(kind_of(bytes)) == nullptr) return {};
  const auto [width, height] = read_picture_size(bytes);
  if (width < 1 || height < 1 || width > kMaxPixels / height) return {};
  // libgd takes four bytes a pixel, its decoders as many again; grey and alpha come besides.
  return {width * height, 10 * width * height + cost_of_pixels(width, height)};
}

}  // namespace digitrec
