// BMP, GIF and WebP, which libgd reads. It takes memory for the whole picture at once, so what a file says of its size
// is looked at first.
#include "image/decoders.h"
#include "image/orientation.h"
#include "image/pixel_rows.h"

#include <gd.h>
#include <spdlog/fmt/fmt.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>

namespace digitrec {
namespace {

/// Bytes that libgd takes for a pixel: its own, and for WebP also libwebp's.
constexpr int64_t kGdBytes = 4;
constexpr int64_t kWebpBytes = 8;

/// What the header of a picture says.
struct Header {
  int64_t width = 0;
  int64_t height = 0;
  bool has_alpha = false;
  bool is_cut_off = false;
};

/// A whole number of up to 4 bytes, the lowest first; bytes beyond the end count as zeros.
uint32_t number(std::string_view bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) {
    value = value << 8 | (at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : 0U);
  }
  return value;
}

// ---- BMP

constexpr size_t kBmpFileHead = 14;
constexpr size_t kBmpPlainHead = 40;  ///< BITMAPINFOHEADER

Header bmp_header(std::string_view bytes) {
  constexpr uint32_t kOs2Head = 12;
  if (number(bytes, kBmpFileHead, 4) == kOs2Head) return {number(bytes, 18, 2), number(bytes, 20, 2)};
  const auto signed_number = [&](size_t at) {
    return static_cast<int64_t>(static_cast<int32_t>(number(bytes, at, 4)));
  };
  return {signed_number(18), std::abs(signed_number(22))};  // less than 0: from the top
}

/// The file as libgd understands it, which takes later headers (BITMAPV4HEADER, 5) for the plain one, so that its
/// palette and pixels are not where it looks, and knows no masks of colours; the usual ones mean what no masks do.
std::string with_plain_header(const std::string& bytes) {
  constexpr uint32_t kMasks = 3;  // BI_BITFIELDS
  constexpr size_t kCompression = 30;
  const size_t head = number(bytes, kBmpFileHead, 4);
  if (head < kBmpPlainHead || bytes.size() < kBmpFileHead + head) return bytes;
  const bool has_masks = number(bytes, kCompression, 4) == kMasks;
  const bool is_usual = has_masks && number(bytes, 28, 2) == 32 && number(bytes, 54, 4) == 0xFF0000 &&
                        number(bytes, 58, 4) == 0xFF00 && number(bytes, 62, 4) == 0xFF;
  if (head == kBmpPlainHead && !is_usual) return bytes;
  std::string plain = bytes.substr(0, kBmpFileHead + kBmpPlainHead) + bytes.substr(kBmpFileHead + head);
  const auto put = [&](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) plain[at + i] = static_cast<char>(value >> 8 * i & 0xFF);
  };
  put(10, static_cast<uint32_t>(number(bytes, 10, 4) - (head - kBmpPlainHead)));  // where the pixels begin
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
  size_t at = 13 + palette_bytes(number(bytes, 10, 1));
  while (at < bytes.size()) {
    constexpr size_t kDescriptor = 10;
    if (bytes[at] == '!') {
      const auto behind = behind_blocks(bytes, at + 2);
      if (!behind) break;
      at = *behind;
    } else if (bytes[at] == ',') {
      // Its palette, and the size of the first codes, before the data.
      const size_t data = at + kDescriptor + palette_bytes(number(bytes, at + 9, 1)) + 1;
      const bool is_cut_off = !behind_blocks(bytes, data).has_value();
      return {number(bytes, at + 5, 2), number(bytes, at + 7, 2), false, is_cut_off};
    } else {
      break;
    }
  }
  return {};
}

// ---- WebP: a RIFF file of chunks

constexpr size_t kRiffHead = 12;
constexpr size_t kChunkHead = 8;
constexpr uint32_t kIsAnimated = 0x02;
constexpr uint32_t kHasAlpha = 0x10;

/// Where the chunk behind the one at `at` is.
size_t next_chunk(std::string_view bytes, size_t at) {
  const size_t length = number(bytes, at + 4, 4);
  return at + kChunkHead + length + length % 2;
}

/// What a chunk of the name holds, the first from `at` on.
std::string_view find_chunk(std::string_view bytes, std::string_view name, size_t at = kRiffHead) {
  for (; at + kChunkHead <= bytes.size(); at = next_chunk(bytes, at)) {
    if (bytes.substr(at, 4) == name) return bytes.substr(at + kChunkHead, number(bytes, at + 4, 4));
  }
  return {};
}

Header webp_header(std::string_view bytes) {
  if (bytes.size() < kRiffHead) return {};
  const std::string_view kind = bytes.substr(kRiffHead, 4);
  const size_t data = kRiffHead + kChunkHead;
  if (kind == "VP8X") {
    const uint32_t flags = number(bytes, data, 1);
    return {1 + number(bytes, data + 4, 3), 1 + number(bytes, data + 7, 3), (flags & kHasAlpha) != 0};
  }
  if (kind == "VP8L") {
    const uint32_t sizes = number(bytes, data + 1, 4);
    return {1 + (sizes & 0x3FFF), 1 + (sizes >> 14 & 0x3FFF), (sizes >> 28 & 1) != 0};
  }
  if (kind == "VP8 ") return {number(bytes, data + 6, 2) & 0x3FFF, number(bytes, data + 8, 2) & 0x3FFF};
  return {};
}

bool is_animated(std::string_view webp) {
  return webp.substr(kRiffHead, 4) == "VP8X" && (number(webp, kRiffHead + kChunkHead, 1) & kIsAnimated) != 0;
}

/// The first picture of an animation as a file of its own, which libgd reads; empty where there is none.
std::string first_frame(std::string_view webp) {
  constexpr size_t kFrameHead = 16;  // place, size and time
  const std::string_view frame = find_chunk(webp, "ANMF");
  if (frame.size() <= kFrameHead) return {};
  const std::string_view chunks = frame.substr(kFrameHead);
  std::string file = "RIFF____WEBP";
  if (chunks.starts_with("ALPH")) {  // is to be said in a header
    file += std::string("VP8X\x0a\0\0\0\x10\0\0\0", 12);
    file += frame.substr(6, 6);
  }
  file += chunks;
  for (size_t i = 0; i < 4; ++i) file[4 + i] = static_cast<char>((file.size() - 8) >> 8 * i & 0xFF);
  return file;
}

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

ImageCost cost_of(const Header& header, int64_t bytes) {
  if (header.width < 1 || header.height < 1 || header.width > kMaxPixels / header.height) return {};
  const int64_t pixels = header.width * header.height;
  return {pixels, bytes * pixels + cost_of_pixels(header.width, header.height)};
}

}  // namespace

GrayImage decode_bmp(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  require_header(name, "BMP", bmp_header(bytes), limits);
  return convert(read(gdImageCreateFromBmpPtr, with_plain_header(bytes)), false, "BMP", name, limits);
}

ImageCost measure_bmp(const std::string& bytes) { return cost_of(bmp_header(bytes), kGdBytes); }

GrayImage decode_gif(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  require_header(name, "GIF", gif_header(bytes), limits);
  Image image = read(gdImageCreateFromGifPtr, bytes);
  const bool has_alpha = image != nullptr && image->transparent >= 0;
  return convert(std::move(image), has_alpha, "GIF", name, limits);
}

ImageCost measure_gif(const std::string& bytes) { return cost_of(gif_header(bytes), kGdBytes); }

GrayImage decode_webp(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  if (is_animated(bytes)) {
    const std::string frame = first_frame(bytes);
    require_header(name, "WebP", webp_header(frame), limits);
    return convert(read(gdImageCreateFromWebpPtr, frame), true, "WebP", name, limits);
  }
  const Header header = webp_header(bytes);
  require_header(name, "WebP", header, limits);
  GrayImage image = convert(read(gdImageCreateFromWebpPtr, bytes), header.has_alpha, "WebP", name, limits);
  set_upright(image, exif_orientation(find_chunk(bytes, "EXIF")));
  return image;
}

ImageCost measure_webp(const std::string& bytes) {
  return cost_of(webp_header(is_animated(bytes) ? first_frame(bytes) : bytes), kWebpBytes);
}

}  // namespace digitrec
