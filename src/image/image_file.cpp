#include "image/image_file.h"

#include "core/file.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "image/decoders.h"

#include <png.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

namespace digitrec {
namespace {

constexpr uint64_t kMaxImageFileBytes = 64ULL << 20;
/// Pictures of more pixels are halved: find_ink shrinks them much further, and floats of them all would fill memory.
constexpr int64_t kMaxWholePixels = 16 << 20;

bool is_png(const std::string& bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }
bool is_jpeg(const std::string& bytes) { return bytes.starts_with("\xff\xd8\xff"); }

}  // namespace

void fail_to_decode(const std::string& name, std::string_view what, std::string hint) {
  throw Error(fmt::format("{}: {}; expected a picture of a digit", name, what), std::move(hint));
}

void require_size(const std::string& name, int64_t width, int64_t height, int64_t max_pixels) {
  if (width < 1 || height < 1 || width > max_pixels / height) {
    fail_to_decode(name, fmt::format("{} x {} pixels, more than {} million", width, height, max_pixels >> 20));
  }
}

bool is_halved(int64_t width, int64_t height) { return width * height > kMaxWholePixels; }

int64_t cost_of_pixels(int64_t width, int64_t height) {
  const int64_t kept = is_halved(width, height) ? (width + 1) / 2 * ((height + 1) / 2) : width * height;
  return kept * static_cast<int64_t>(1 + sizeof(float));
}

bool is_image_name(const std::filesystem::path& path) {
  constexpr std::array kEndings{".png",  ".jpg", ".jpeg", ".jfif", ".bmp", ".gif",
                                ".webp", ".tif", ".tiff", ".heic", ".avif"};
  const std::string ending = lower_case(path.extension().string());
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

GrayImage decode_image(const std::string& bytes, const std::string& source, const DecodeLimits& limits) {
  if (is_png(bytes)) return decode_png(bytes, source, limits);
  if (is_jpeg(bytes)) return decode_jpeg(bytes, source, limits);
  return decode_other(bytes, source, limits);
}

ImageCost measure_image(const std::string& bytes) {
  if (is_png(bytes)) return measure_png(bytes);
  if (is_jpeg(bytes)) return measure_jpeg(bytes);
  return measure_other(bytes);
}

GrayImage read_image(const std::filesystem::path& path) {
  return decode_image(read_file(path, kMaxImageFileBytes), path.string());
}

std::string encode_png(const GrayImage& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr) == 0) {
    throw Error(fmt::format("{}: cannot be written as PNG ({})", image.source, png.message));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace digitrec
