// TIFF by libtiff, some rows at a time. libgd, which calls it too, turns black and white round and prints to stderr.
#include "image/decoders.h"
#include "image/orientation.h"
#include "image/pixel_rows.h"
#include "image/tiff_tags.h"

#include <spdlog/fmt/fmt.h>

#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>

namespace digitrec {
namespace {

/// Pixels that are asked of libtiff at a time, where its strips are not larger.
constexpr int64_t kChunkPixels = 1 << 18;
/// Memory that a strip may take; all of a photo of 50 million pixels may be one.
constexpr int64_t kMaxPartBytes = 340 << 20;

struct Header {
  int64_t width = 0;
  int64_t height = 0;
  int64_t pixel_bits = 0;
  int64_t part_rows = 0;  ///< of a strip or tile
};

Header read_header(std::string_view bytes) {
  const TiffDirectory tags(bytes);
  const auto tag = [&](uint32_t number, uint32_t otherwise) {
    return static_cast<int64_t>(tags.value(number).value_or(otherwise));
  };
  const int64_t bits = std::min<int64_t>(64, tag(TIFFTAG_BITSPERSAMPLE, 1));
  const int64_t samples = std::min<int64_t>(64, tag(TIFFTAG_SAMPLESPERPIXEL, 1));
  const int64_t height = tag(TIFFTAG_IMAGELENGTH, 0);
  const int64_t rows =
      std::min(height, tag(TIFFTAG_TILELENGTH, static_cast<uint32_t>(tag(TIFFTAG_ROWSPERSTRIP, UINT32_MAX))));
  return {tag(TIFFTAG_IMAGEWIDTH, 0), height, bits * samples, std::max<int64_t>(1, rows)};
}

/// Bytes for what is read at a time: a strip or a row of tiles, and its pixels as libtiff gives them.
int64_t part_bytes(const Header& header) {
  const int64_t given = std::min(header.width * header.height, std::max(header.width * header.part_rows, kChunkPixels));
  return 4 * given + (header.width * header.pixel_bits + 7) / 8 * header.part_rows;
}

/// A file in memory, as libtiff reads it, and what it says of it.
struct Source {
  const std::string& bytes;
  size_t at = 0;
  std::array<char, 200> message{};
};

Source& source_of(thandle_t handle) { return *static_cast<Source*>(handle); }

tmsize_t read_bytes(thandle_t handle, void* to, tmsize_t count) {
  Source& source = source_of(handle);
  const size_t left = source.bytes.size() - std::min(source.at, source.bytes.size());
  const size_t taken = std::min(left, static_cast<size_t>(std::max<tmsize_t>(0, count)));
  std::copy_n(source.bytes.data() + (source.bytes.size() - left), taken, static_cast<char*>(to));
  source.at += taken;
  return static_cast<tmsize_t>(taken);
}

toff_t seek(thandle_t handle, toff_t to, int whence) {
  Source& source = source_of(handle);
  const size_t from = whence == SEEK_CUR ? source.at : whence == SEEK_END ? source.bytes.size() : 0;
  source.at = from + to;
  return source.at;
}

int map(thandle_t handle, void** base, toff_t* size) {
  Source& source = source_of(handle);
  *base = const_cast<char*>(source.bytes.data());  // libtiff does not write to it
  *size = source.bytes.size();
  return 1;
}

using Tiff = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

#if defined(TIFFLIB_VERSION) && TIFFLIB_VERSION >= 20221213
TIFF* open_client(Source& source, TIFFOpenOptions* options) {
  return TIFFClientOpenExt(
      "picture", "r", &source, read_bytes, [](thandle_t, void*, tmsize_t) -> tmsize_t { return -1; }, seek,
      [](thandle_t) { return 0; }, [](thandle_t handle) -> toff_t { return source_of(handle).bytes.size(); }, map,
      [](thandle_t, void*, toff_t) {}, options);
}

/// Null when it is no TIFF file. Nothing goes to stderr.
Tiff open(Source& source) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 TIFFOpenOptionsFree);
  if (options == nullptr) return {nullptr, TIFFClose};
  const auto keep = [](TIFF*, void* to, const char*, const char* format, va_list arguments) {
    auto& message = static_cast<Source*>(to)->message;
    if (message.front() == '\0') std::vsnprintf(message.data(), message.size(), format, arguments);
    return 1;
  };
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(
      options.get(), [](TIFF*, void*, const char*, const char*, va_list) { return 1; }, nullptr);
  return {open_client(source, options.get()), TIFFClose};
}
#else
/// Null when it is no TIFF file. This libtiff knows handlers of errors only for the whole program.
Tiff open(Source& source) {
  static std::once_flag is_silent;
  std::call_once(is_silent, [] {
    TIFFSetErrorHandler(nullptr);
    TIFFSetWarningHandler(nullptr);
  });
  return {TIFFClientOpen(
              "picture", "r", &source, read_bytes, [](thandle_t, void*, tmsize_t) -> tmsize_t { return -1; }, seek,
              [](thandle_t) { return 0; }, [](thandle_t handle) -> toff_t { return source_of(handle).bytes.size(); },
              map, [](thandle_t, void*, toff_t) {}),
          TIFFClose};
}
#endif

[[noreturn]] void fail(const std::string& name, const Source& source, const char* reason = "") {
  const std::string_view why = source.message.front() != '\0' ? source.message.data() : reason;
  fail_to_decode(name, why.empty() ? "damaged TIFF file" : fmt::format("damaged or unusual TIFF file ({})", why));
}

/// Rows that are read at a time: whole strips or tiles, since libtiff unpacks each from its beginning.
int64_t rows_at_a_time(TIFF* tiff, int64_t width, int64_t height) {
  uint32_t rows = 1;
  TIFFGetFieldDefaulted(tiff, TIFFIsTiled(tiff) != 0 ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &rows);
  const int64_t strip = std::clamp<int64_t>(rows, 1, height);
  return std::min(height, strip * std::max<int64_t>(1, kChunkPixels / (strip * width)));
}

/// libtiff gives colours that are multiplied with their opacity.
void convert_row(const uint32_t* from, int64_t width, bool has_alpha, std::vector<uint8_t>& row) {
  row.clear();
  for (int64_t x = 0; x < width; ++x) {
    const uint32_t pixel = from[x];
    const int grey = grey_of(static_cast<int>(TIFFGetR(pixel)), static_cast<int>(TIFFGetG(pixel)),
                             static_cast<int>(TIFFGetB(pixel)));
    const int alpha = has_alpha ? static_cast<int>(TIFFGetA(pixel)) : 255;
    row.push_back(static_cast<uint8_t>(alpha == 0 ? 0 : std::min(255, (grey * 255 + alpha / 2) / alpha)));
    if (has_alpha) row.push_back(static_cast<uint8_t>(alpha));
  }
}

struct RgbaImage : TIFFRGBAImage {
  RgbaImage() : TIFFRGBAImage{} {}
  ~RgbaImage() { TIFFRGBAImageEnd(this); }
  RgbaImage(const RgbaImage&) = delete;
  RgbaImage& operator=(const RgbaImage&) = delete;
};

}  // namespace

GrayImage decode_tiff(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  const Header header = read_header(bytes);
  Source source{bytes};
  if (header.width == 0 || header.height == 0) fail(name, source);
  require_size(name, header.width, header.height, limits.max_pixels);
  if (part_bytes(header) > kMaxPartBytes) fail(name, source, "strips too large; save it in smaller ones");
  const Tiff tiff = open(source);
  if (tiff == nullptr) fail(name, source);
  const auto part = static_cast<int64_t>(std::min<uint64_t>(
      INT64_MAX, TIFFIsTiled(tiff.get()) != 0 ? TIFFTileSize64(tiff.get()) : TIFFStripSize64(tiff.get())));
  constexpr int64_t kSmallPart = 16 << 20;  // a tile may be larger than its picture
  if (part > std::max(kSmallPart, part_bytes(header))) fail(name, source, "its strips are larger than the picture");

  RgbaImage image;
  std::array<char, 1024> reason{};
  if (TIFFRGBAImageOK(tiff.get(), reason.data()) == 0 ||
      TIFFRGBAImageBegin(&image, tiff.get(), 1, reason.data()) == 0) {
    fail(name, source, reason.data());
  }
  if (image.width != header.width || image.height != header.height) fail(name, source);
  image.req_orientation = image.orientation;  // as the rows lie: they are turned at the end
  const bool has_alpha = image.alpha != 0;
  const int64_t rows = rows_at_a_time(tiff.get(), header.width, header.height);
  std::vector<uint32_t> pixels(static_cast<size_t>(rows * header.width));
  PixelRows upright(header.width, header.height, has_alpha ? 2 : 1);
  std::vector<uint8_t> row;
  for (int64_t y = 0; y < header.height; y += rows) {
    if (limits.is_stopped && limits.is_stopped()) fail_to_decode(name, "stopped");
    const int64_t count = std::min(rows, header.height - y);
    image.row_offset = static_cast<int>(y);
    if (TIFFRGBAImageGet(&image, pixels.data(), image.width, static_cast<uint32_t>(count)) == 0) fail(name, source);
    for (int64_t i = 0; i < count; ++i) {
      convert_row(pixels.data() + i * header.width, header.width, has_alpha, row);
      upright.take(row.data());
    }
  }
  GrayImage whole = upright.finish(name);
  set_upright(whole, image.orientation >= 1 && image.orientation <= 8 ? image.orientation : 1);
  return whole;
}

ImageCost measure_tiff(const std::string& bytes) {
  const Header header = read_header(bytes);
  if (header.width < 1 || header.height < 1 || header.width > kMaxPixels / header.height) return {};
  if (part_bytes(header) > kMaxPartBytes) return {};
  return {header.width * header.height, part_bytes(header) + cost_of_pixels(header.width, header.height)};
}

}  // namespace digitrec
