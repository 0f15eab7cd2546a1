// BMP, GIF, and HEIC and AVIF where libgd was built with their decoders. It takes memory for the whole picture at once,
// so what a file says of its size is looked at first.
#include "image/decoders.h"
#include "image/little_endian.h"
#include "image/orientation.h"
#include "image/pixel_rows.h"

#include <gd.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace digitrec {
namespace {

/// Bytes that libgd takes for a pixel, at the most.
constexpr int64_t kGdBytes = 4;

/// What the header of a picture says.
struct Header {
  int64_t width = 0;
  int64_t height = 0;
  bool is_cut_off = false;
};

// ---- BMP

constexpr size_t kBmpFileHead = 14;
constexpr size_t kBmpPlainHead = 40;  ///< BITMAPINFOHEADER

Header bmp_header(std::string_view bytes) {
  constexpr uint32_t kOs2Head = 12;
  if (little_endian(bytes, kBmpFileHead, 4) == kOs2Head)
    return {little_endian(bytes, 18, 2), little_endian(bytes, 20, 2)};
  const auto signed_number = [&](size_t at) {
    return static_cast<int64_t>(static_cast<int32_t>(little_endian(bytes, at, 4)));
  };
  return {signed_number(18), std::abs(signed_number(22))};  // less than 0: from the top
}

/// The file as libgd understands it, which takes later headers (BITMAPV4HEADER, 5) for the plain one, so that its
/// palette and pixels are not where it looks, and knows no masks of colours; the usual ones mean what no masks do.
std::string with_plain_header(const std::string& bytes) {
  constexpr uint32_t kMasks = 3;  // BI_BITFIELDS
  constexpr size_t kCompression = 30;
  const size_t head = little_endian(bytes, kBmpFileHead, 4);
  if (head < kBmpPlainHead || bytes.size() < kBmpFileHead + head) return bytes;
  const bool has_masks = little_endian(bytes, kCompression, 4) == kMasks;
  const bool is_usual = has_masks && little_endian(bytes, 28, 2) == 32 && little_endian(bytes, 54, 4) == 0xFF0000 &&
                        little_endian(bytes, 58, 4) == 0xFF00 && little_endian(bytes, 62, 4) == 0xFF;
  if (head == kBmpPlainHead && !is_usual) return bytes;
  std::string plain = bytes.substr(0, kBmpFileHead + kBmpPlainHead) + bytes.substr(kBmpFileHead + head);
  const auto put = [&](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) plain[at + i] = static_cast<char>(value >> 8 * i & 0xFF);
  };
  put(10, static_cast<uint32_t>(little_endian(bytes, 10, 4) - (head - kBmpPlainHead)));  // where the pixels begin
  put(kBmpFileHead, kBmpPlainHead);
  if (is_usual) put(kCompression, 0);
  return plain;
}

// ---- GIF

/// Behind the blocks of data that begin at `at`; none where the file ends before them.
std::optional<size_t> behind_blocks(std::string_view bytes, size_t at) {
  while (at < bytes.size()) {
    const size_t length = static_cast<uint8_t>(bytes[at]);
    at += 1 + length;
    if (length == 0) return at;
  }
  return std::nullopt;
}

/// Bytes of a palette, as the flags before it say.
size_t palette_bytes(uint32_t flags) { return (flags & 0x80) != 0 ? size_t{6} << (flags & 7) : 0; }

/// Of the first picture in the file.
Header gif_header(std::string_view bytes) {
  size_t at = 13 + palette_bytes(little_endian(bytes, 10, 1));
  while (at < bytes.size()) {
    constexpr size_t kDescriptor = 10;
    if (bytes[at] == '!') {
      const auto behind = behind_blocks(bytes, at + 2);
      if (!behind) break;
      at = *behind;
    } else if (bytes[at] == ',') {
      // Its palette, and the size of the first codes, before the data.
      const size_t data = at + kDescriptor + palette_bytes(little_endian(bytes, at + 9, 1)) + 1;
      const bool is_cut_off = !behind_blocks(bytes, data).has_value();
      return {little_endian(bytes, at + 5, 2), little_endian(bytes, at + 7, 2), is_cut_off};
    } else {
      break;
    }
  }
  return {};
}

// ---- HEIC, as iPhones take photos, and AVIF

constexpr std::string_view kHeif = "HEIC or AVIF";
/// Bytes that libgd and the decoders behind it take for a pixel, at the most.
constexpr int64_t kHeifBytes = 10;

int64_t big_endian(std::string_view bytes, size_t at) {
  int64_t value = 0;
  for (size_t i = at; i < at + 4; ++i) value = value << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0);
  return value;
}

/// The largest of the pictures in the file, as the boxes "ispe" have their sizes (ISO/IEC 23008-12): of a photo also
/// those of its tiles and its preview.
Header heif_header(std::string_view bytes) {
  constexpr std::string_view kBox = "ispe";
  Header largest;
  for (size_t at = bytes.find(kBox); at != std::string_view::npos; at = bytes.find(kBox, at + kBox.size())) {
    largest.width = std::max(largest.width, big_endian(bytes, at + 8));
    largest.height = std::max(largest.height, big_endian(bytes, at + 12));
  }
  return largest;
}

bool is_avif(std::string_view bytes) { return bytes.substr(8, 4) == "avif"; }

#if GD_MAJOR_VERSION > 2 || (GD_MAJOR_VERSION == 2 && GD_MINOR_VERSION > 3) || \
    (GD_MAJOR_VERSION == 2 && GD_MINOR_VERSION == 3 && GD_RELEASE_VERSION >= 2)
gdImagePtr create_heif(int size, void* data) {
  const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
  return is_avif(bytes) ? gdImageCreateFromAvifPtr(size, data) : gdImageCreateFromHeifPtr(size, data);
}
#else
gdImagePtr create_heif(int /*size*/, void* /*data*/) { return nullptr; }
#endif

// ---- any of them

struct DestroyImage {
  void operator()(gdImagePtr image) const { gdImageDestroy(image); }
};
using Image = std::unique_ptr<gdImage, DestroyImage>;

/// What libgd makes of a file; null where it is damaged. It would tell stderr why.
Image read(gdImagePtr (*create)(int size, void* data), const std::string& bytes) {
  static std::once_flag is_silent;
  std::call_once(is_silent, [] { gdSetErrorMethod([](int, const char*, va_list) {}); });
  // libgd does not write to it. read_file and the server allow far less than 2 GB.
  return Image(create(static_cast<int>(bytes.size()), const_cast<char*>(bytes.data())));
}

/// A row of grey, or of grey and alpha.
void convert_row(const gdImage& image, int y, bool has_alpha, std::vector<uint8_t>& row) {
  row.clear();
  gdImagePtr from = const_cast<gdImagePtr>(&image);
  for (int x = 0; x < image.sx; ++x) {
    const int pixel = image.trueColor != 0 ? gdImageTrueColorPixel(from, x, y) : gdImagePalettePixel(from, x, y);
    row.push_back(grey_of(gdImageRed(from, pixel), gdImageGreen(from, pixel), gdImageBlue(from, pixel)));
    if (!has_alpha) continue;
    const bool is_transparent = image.trueColor == 0 && pixel == image.transparent;
    const int transparency = is_transparent ? gdAlphaTransparent : gdImageAlpha(from, pixel);
    row.push_back(static_cast<uint8_t>((gdAlphaTransparent - transparency) * 255 / gdAlphaTransparent));
  }
}

/// Throws the Error of a picture whose size is not allowed, before libgd takes memory for it.
void require_header(const std::string& name, std::string_view kind, const Header& header, const DecodeLimits& limits) {
  if (header.width == 0 && header.height == 0) fail_to_decode(name, fmt::format("damaged {} file", kind));
  require_size(name, header.width, header.height, limits.max_pixels);
  if (header.is_cut_off) fail_to_decode(name, fmt::format("damaged {} file (cut off)", kind));
  if (limits.is_stopped && limits.is_stopped()) fail_to_decode(name, "stopped");
}

GrayImage convert(Image image, bool has_alpha, std::string_view kind, const std::string& name,
                  const DecodeLimits& limits) {
  if (image == nullptr) fail_to_decode(name, fmt::format("damaged or unusual {} file", kind));
  require_size(name, image->sx, image->sy, limits.max_pixels);
  PixelRows rows(image->sx, image->sy, has_alpha ? 2 : 1);
  std::vector<uint8_t> row;
  for (int y = 0; y < image->sy; ++y) {
    if (limits.is_stopped && limits.is_stopped()) fail_to_decode(name, "stopped");
    convert_row(*image, y, has_alpha, row);
    rows.take(row.data());
  }
  image.reset();
  return rows.finish(name);
}

/// `bytes`: of memory for a pixel.
ImageCost cost_of(const Header& header, int64_t bytes = kGdBytes) {
  if (header.width < 1 || header.height < 1 || header.width > kMaxPixels / header.height) return {};
  const int64_t pixels = header.width * header.height;
  return {pixels, bytes * pixels + cost_of_pixels(header.width, header.height)};
}

}  // namespace

GrayImage decode_bmp(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  require_header(name, "BMP", bmp_header(bytes), limits);
  return convert(read(gdImageCreateFromBmpPtr, with_plain_header(bytes)), false, "BMP", name, limits);
}

ImageCost measure_bmp(const std::string& bytes) { return cost_of(bmp_header(bytes)); }

GrayImage decode_gif(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  require_header(name, "GIF", gif_header(bytes), limits);
  Image image = read(gdImageCreateFromGifPtr, bytes);
  const bool has_alpha = image != nullptr && image->transparent >= 0;
  return convert(std::move(image), has_alpha, "GIF", name, limits);
}

ImageCost measure_gif(const std::string& bytes) { return cost_of(gif_header(bytes)); }

bool is_heif(std::string_view bytes) {
  constexpr std::array<std::string_view, 4> kBrands{"heic", "heix", "mif1", "avif"};
  return bytes.substr(0, 8).ends_with("ftyp") &&
         std::any_of(kBrands.begin(), kBrands.end(),
                     [&](std::string_view brand) { return bytes.substr(8).starts_with(brand); });
}

/// The value of a property of the file's picture, a byte, as the box of this name has it; -1 without.
int heif_property(std::string_view bytes, std::string_view name) {
  const std::string_view head = bytes.substr(0, bytes.find("mdat"));
  const std::string box = std::string("\0\0\0\x09", 4) + std::string(name);
  const size_t at = head.find(box);
  return at == std::string_view::npos || at + box.size() >= head.size() ? -1 : head[at + box.size()] & 3;
}

/// What libgd leaves to its caller: a quarter turn against the clock, so many times, then a reflection (ISO/IEC
/// 23008-12).
void turn_avif(GrayImage& image, std::string_view bytes) {
  constexpr std::array<int, 4> kTurns{1, 8, 3, 6};  // as Exif calls them
  constexpr std::array<int, 2> kMirrors{4, 2};      // top and bottom exchanged; left and right
  const int turns = heif_property(bytes, "irot");
  const int mirror = heif_property(bytes, "imir");
  if (turns >= 0) set_upright(image, kTurns[static_cast<size_t>(turns)]);
  if (mirror == 0 || mirror == 1) set_upright(image, kMirrors[static_cast<size_t>(mirror)]);
}

GrayImage decode_heif(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  require_header(name, kHeif, heif_header(bytes), limits);
  Image image = read(create_heif, bytes);
  if (image == nullptr) fail_to_decode(name, "damaged HEIC or AVIF file, or libgd reads none here");
  GrayImage converted = convert(std::move(image), true, kHeif, name, limits);
  if (is_avif(bytes)) turn_avif(converted, bytes);  // libheif does it by itself
  return converted;
}

ImageCost measure_heif(const std::string& bytes) { return cost_of(heif_header(bytes), kHeifBytes); }

}  // namespace digitrec
