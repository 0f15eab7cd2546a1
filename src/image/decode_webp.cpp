// WebP by libwebp, which halves a large picture as it decodes it.
#include "image/decoders.h"
#include "image/little_endian.h"
#include "image/orientation.h"
#include "image/pixel_rows.h"

#include <spdlog/fmt/fmt.h>

#include <webp/decode.h>

#include <new>

namespace digitrec {
namespace {

/// A WebP file is a RIFF file of chunks.
constexpr size_t kRiffHead = 12;
constexpr size_t kChunkHead = 8;
constexpr uint32_t kIsAnimated = 0x02;

/// Where the chunk behind the one at `at` is.
size_t next_chunk(std::string_view bytes, size_t at) {
  const size_t length = little_endian(bytes, at + 4, 4);
  return at + kChunkHead + length + length % 2;
}

/// What a chunk of the name holds, the first from `at` on.
std::string_view find_chunk(std::string_view bytes, std::string_view name, size_t at = kRiffHead) {
  for (; at + kChunkHead <= bytes.size(); at = next_chunk(bytes, at)) {
    if (bytes.substr(at, 4) == name) return bytes.substr(at + kChunkHead, little_endian(bytes, at + 4, 4));
  }
  return {};
}

/// What the header of a picture says.
struct Header {
  int64_t width = 0;
  int64_t height = 0;
  bool is_lossless = false;
};

Header read_header(std::string_view bytes) {
  if (bytes.size() < kRiffHead) return {};
  const std::string_view kind = bytes.substr(kRiffHead, 4);
  const size_t data = kRiffHead + kChunkHead;
  if (kind == "VP8X") {
    const bool is_lossless = find_chunk(bytes, "VP8 ").empty() || !find_chunk(bytes, "ALPH").empty();
    return {1 + little_endian(bytes, data + 4, 3), 1 + little_endian(bytes, data + 7, 3), is_lossless};
  }
  if (kind == "VP8L") {
    const uint32_t sizes = little_endian(bytes, data + 1, 4);
    return {1 + (sizes & 0x3FFF), 1 + (sizes >> 14 & 0x3FFF), true};
  }
  if (kind == "VP8 ") return {little_endian(bytes, data + 6, 2) & 0x3FFF, little_endian(bytes, data + 8, 2) & 0x3FFF};
  return {};
}

bool is_animated(std::string_view webp) {
  return webp.substr(kRiffHead, 4) == "VP8X" && (little_endian(webp, kRiffHead + kChunkHead, 1) & kIsAnimated) != 0;
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

struct Decoding : WebPDecoderConfig {
  Decoding() : WebPDecoderConfig{} {
    if (WebPInitDecoderConfig(this) == 0) throw std::bad_alloc();  // or another version of libwebp
  }
  ~Decoding() { WebPFreeDecBuffer(&output); }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;
};

/// Red, green, blue and opacity to grey, with opacity where the picture has some.
void convert_row(const uint8_t* rgba, int64_t width, bool has_alpha, std::vector<uint8_t>& row) {
  row.clear();
  for (int64_t x = 0; x < width; ++x, rgba += 4) {
    row.push_back(grey_of(rgba[0], rgba[1], rgba[2]));
    if (has_alpha) row.push_back(rgba[3]);
  }
}

GrayImage decode_still(std::string_view bytes, const std::string& name, const DecodeLimits& limits) {
  const Header header = read_header(bytes);
  if (header.width == 0 || header.height == 0) fail_to_decode(name, "damaged WebP file");
  require_size(name, header.width, header.height, limits.max_pixels);
  if (limits.is_stopped && limits.is_stopped()) fail_to_decode(name, "stopped");
  Decoding decoding;
  if (is_halved(header.width, header.height)) {
    decoding.options.use_scaling = 1;
    decoding.options.scaled_width = static_cast<int>((header.width + 1) / 2);
    decoding.options.scaled_height = static_cast<int>((header.height + 1) / 2);
  }
  decoding.output.colorspace = MODE_RGBA;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const VP8StatusCode status = WebPGetFeatures(data, bytes.size(), &decoding.input);
  // The size that was looked at is the one that is decoded.
  const bool is_sound = status == VP8_STATUS_OK && decoding.input.width == header.width &&
                        decoding.input.height == header.height &&
                        WebPDecode(data, bytes.size(), &decoding) == VP8_STATUS_OK;
  if (!is_sound) fail_to_decode(name, "damaged WebP file");
  const bool has_alpha = decoding.input.has_alpha != 0;
  PixelRows rows(decoding.output.width, decoding.output.height, has_alpha ? 2 : 1);
  std::vector<uint8_t> row;
  for (int y = 0; y < decoding.output.height; ++y) {
    const WebPRGBABuffer& pixels = decoding.output.u.RGBA;
    convert_row(pixels.rgba + static_cast<ptrdiff_t>(y) * pixels.stride, decoding.output.width, has_alpha, row);
    rows.take(row.data());
  }
  return rows.finish(name);
}

}  // namespace

GrayImage decode_webp(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  GrayImage image = decode_still(is_animated(bytes) ? first_frame(bytes) : bytes, name, limits);
  set_upright(image, exif_orientation(find_chunk(bytes, "EXIF")));
  return image;
}

ImageCost measure_webp(const std::string& bytes) {
  const Header header = read_header(is_animated(bytes) ? first_frame(bytes) : bytes);
  if (header.width < 1 || header.height < 1 || header.width > kMaxPixels / header.height) return {};
  // Without losses libwebp keeps all of the picture; 4 bytes more for each pixel of it that is given.
  const int64_t pixels = header.width * header.height;
  const int64_t given = is_halved(header.width, header.height) ? pixels / 4 : pixels;
  return {pixels, (header.is_lossless ? 4 * pixels : 0) + 4 * given + cost_of_pixels(header.width, header.height)};
}

}  // namespace digitrec
