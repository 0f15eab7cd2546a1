#include "image/image_file.h"

#include "core/file.h"
#include "core/file_kind.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "image/decoders.h"

#include <png.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace digitrec {
namespace {

/// Of kMaxPixels that are not packed: scanners and BMP have such.
constexpr uint64_t kMaxImageFileBytes = 256ULL << 20;
/// Pictures of more pixels are halved: find_ink shrinks them much further, and floats of them all would fill memory.
constexpr int64_t kMaxWholePixels = 16 << 20;

/// A kind of picture, told by a file's first bytes.
struct Format {
  bool (*is_kind)(std::string_view bytes);
  GrayImage (*decode)(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
  ImageCost (*measure)(const std::string& bytes);
};

bool is_tiff(std::string_view bytes) {
  return bytes.starts_with(std::string_view("II*\0", 4)) || bytes.starts_with(std::string_view("MM\0*", 4));
}

/// The size of its second header, a small number, tells it from a text that begins with these letters.
bool is_bmp(std::string_view bytes) {
  return bytes.size() >= 26 && bytes.starts_with("BM") && bytes.substr(15, 3) == std::string_view("\0\0\0", 3);
}

constexpr std::array kFormats{
    Format{[](std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n"); }, decode_png, measure_png},
    Format{[](std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }, decode_jpeg, measure_jpeg},
    Format{is_bmp, decode_bmp, measure_bmp},
    Format{[](std::string_view bytes) { return bytes.starts_with("GIF8"); }, decode_gif, measure_gif},
    Format{[](std::string_view bytes) { return bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP"); },
           decode_webp, measure_webp},
    Format{is_tiff, decode_tiff, measure_tiff},
    Format{is_heif, decode_heif, measure_heif},
};

const Format* format_of(std::string_view bytes) {
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& f) { return f.is_kind(bytes); });
  return found == kFormats.end() ? nullptr : found;
}

/// Throws the Error of a file that is no picture, or of a kind that is not read.
[[noreturn]] void refuse_kind(const std::string& name, std::string_view bytes) {
  const FileKind kind = file_kind(bytes.substr(0, kFileKindBytes));
  if (kind.name.empty()) fail_to_decode(name, bytes.empty() ? "an empty file" : "not a picture");
  if (!kind.hint.empty()) throw Error(fmt::format("{}: {}", name, kind.name), std::string(kind.hint));
  if (kind.name.ends_with("picture")) throw Error(fmt::format("{}: {}", name, kind.name), "save it as PNG or JPEG");
  fail_to_decode(name, kind.name);
}

}  // namespace

void fail_to_decode(const std::string& name, std::string_view what) {
  throw Error(fmt::format("{}: {}; expected a {} picture of a digit", name, what, kPictureFormats));
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
  constexpr std::array<std::string_view, 14> kExtensions{".png", ".jpg",  ".jpeg", ".jfif", ".jpe",  ".bmp",  ".dib",
                                                         ".gif", ".webp", ".tif",  ".tiff", ".heic", ".heif", ".avif"};
  const std::string extension = lower_case(path.extension().string());
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

bool is_image(std::string_view beginning) { return format_of(beginning) != nullptr; }

GrayImage decode_image(const std::string& bytes, const std::string& source, const DecodeLimits& limits) {
  const Format* format = format_of(bytes);
  if (format == nullptr) refuse_kind(source, bytes);
  return format->decode(bytes, source, limits);
}

ImageCost measure_image(const std::string& bytes) {
  const Format* format = format_of(bytes);
  return format == nullptr ? ImageCost{} : format->measure(bytes);
}

GrayImage read_image(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path file = path == "-" ? "/dev/stdin" : path;
  if (path == "-" && std::filesystem::is_character_file(file, error)) {
    throw Error("-: no picture comes on stdin", "send one, as with: < photo.png");
  }
  return decode_image(read_file(file, kMaxImageFileBytes), path.string());
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
