#include "image/image_file.h"

#include "core/file.h"
#include "core/names.h"
#include "digitrec/core/error.h"

// jpeglib.h needs size_t and FILE, which this declares.
#include <cstdio>

#include <jpeglib.h>
#include <png.h>
#include <spdlog/fmt/fmt.h>

#include <csetjmp>

namespace digitrec {
namespace {

/// A progressive JPEG file with more scans is made to waste time.
constexpr int kMaxScans = 100;
constexpr uint64_t kMaxImageFileBytes = 64ULL << 20;

[[noreturn]] void fail(const std::string& name, std::string_view what) {
  throw Error(fmt::format("{}: {}; expected a PNG or JPEG picture of a digit", name, what));
}

void require_size(const std::string& name, int64_t width, int64_t height, int64_t max_pixels) {
  if (width < 1 || height < 1 || width > max_pixels / height) {
    fail(name, fmt::format("{} x {} pixels, more than {} million", width, height, max_pixels >> 20));
  }
}

/// Blends a picture of grey and alpha with white, or with black where the picture is light.
std::vector<uint8_t> flatten(const std::vector<uint8_t>& grey_alpha) {
  double light = 0;
  double weight = 0;
  for (size_t i = 0; i < grey_alpha.size(); i += 2) {
    light += static_cast<double>(grey_alpha[i]) * grey_alpha[i + 1];
    weight += grey_alpha[i + 1];
  }
  const int background = light > weight * 127 ? 0 : 255;
  std::vector<uint8_t> pixels(grey_alpha.size() / 2);
  for (size_t i = 0; i < pixels.size(); ++i) {
    const int alpha = grey_alpha[2 * i + 1];
    pixels[i] = static_cast<uint8_t>((grey_alpha[2 * i] * alpha + background * (255 - alpha) + 127) / 255);
  }
  return pixels;
}

GrayImage read_png(const std::string& bytes, const std::string& name, int64_t max_pixels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    fail(name, fmt::format("not a readable PNG file ({})", png.message));
  }
  if (png.height == 0 || png.width > max_pixels / png.height) {
    png_image_free(&png);
    require_size(name, png.width, png.height, max_pixels);
  }
  const bool has_alpha = (png.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  png.format = has_alpha ? PNG_FORMAT_GA : PNG_FORMAT_GRAY;
  GrayImage image{png.width, png.height, std::vector<uint8_t>(PNG_IMAGE_SIZE(png)), name};
  if (png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) == 0) {
    fail(name, fmt::format("damaged PNG file ({})", png.message));
  }
  if (has_alpha) image.pixels = flatten(image.pixels);
  return image;
}

/// How a camera was held, as Exif says it (tag 0x0112): 1 for upright to 8. `data` is a JPEG file's APP1 segment, a
/// TIFF file behind "Exif" and two zeros.
int exif_orientation(std::string_view data) {
  constexpr size_t kHead = 6;
  if (!data.starts_with(std::string_view("Exif\0\0", kHead)) || data.size() < kHead + 8) return 1;
  const std::string_view tiff = data.substr(kHead);
  const bool is_little = tiff.starts_with("II");
  const auto number = [&](size_t at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const size_t place = is_little ? at + bytes - 1 - i : at + i;
      value = value << 8 | (place < tiff.size() ? static_cast<uint8_t>(tiff[place]) : 0U);
    }
    return value;
  };
  const size_t directory = number(4, 4);
  const size_t entries = number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.size()) break;
    if (number(entry, 2) != 0x0112) continue;
    const uint32_t value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

/// Turns and mirrors a picture so that it is upright.
void set_upright(GrayImage& image, int orientation) {
  if (orientation == 1) return;
  const int64_t w = image.width;
  const int64_t h = image.height;
  const bool is_turned = orientation >= 5;
  GrayImage upright{is_turned ? h : w, is_turned ? w : h, std::vector<uint8_t>(image.pixels.size()), image.source};
  for (int64_t y = 0; y < upright.height; ++y) {
    for (int64_t x = 0; x < upright.width; ++x) {
      int64_t u = is_turned ? y : x;
      int64_t v = is_turned ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) u = w - 1 - u;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) v = h - 1 - v;
      upright.pixels[static_cast<size_t>(y * upright.width + x)] = image.pixels[static_cast<size_t>(v * w + u)];
    }
  }
  image = std::move(upright);
}

/// libjpeg reports errors through a callback that must not return.
struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

void on_jpeg_progress(j_common_ptr info) {
  auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
  if (jpeg->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  std::snprintf(errors->message, sizeof errors->message, "more than %d scans", kMaxScans);
  std::longjmp(errors->escape, 1);
}

void on_jpeg_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->escape, 1);
}

/// Fills `image`; returns false, with errors.message set, on failure. No C++ object with a destructor lives in
/// this function, since longjmp would skip it.
bool decode_jpeg(const std::string& bytes, GrayImage& image, int& orientation, int64_t max_pixels,
                 jpeg_decompress_struct& jpeg, jpeg_progress_mgr& progress, JpegErrors& errors) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_create_decompress(&jpeg);
  progress.progress_monitor = on_jpeg_progress;
  jpeg.progress = &progress;
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&jpeg, TRUE);
  for (const jpeg_marker_struct* marker = jpeg.marker_list; marker != nullptr && orientation == 1;
       marker = marker->next) {
    orientation = exif_orientation({reinterpret_cast<const char*>(marker->data), marker->data_length});
  }
  image.width = jpeg.image_width;
  image.height = jpeg.image_height;
  if (image.height == 0 || image.width > max_pixels / image.height) return true;  // refused by the caller
  jpeg.out_color_space = JCS_GRAYSCALE;
  jpeg_start_decompress(&jpeg);
  image.pixels.resize(static_cast<size_t>(image.width * image.height));
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.pixels.data() + static_cast<size_t>(jpeg.output_scanline) * jpeg.output_width;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

GrayImage read_jpeg(const std::string& bytes, const std::string& name, int64_t max_pixels) {
  GrayImage image;
  image.source = name;
  jpeg_decompress_struct jpeg{};
  jpeg_progress_mgr progress{};
  JpegErrors errors{};
  int orientation = 1;
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = on_jpeg_error;
  errors.manager.output_message = [](j_common_ptr) {};  // warnings stay off stderr
  const bool decoded = decode_jpeg(bytes, image, orientation, max_pixels, jpeg, progress, errors);
  const bool cut_off = errors.manager.num_warnings > 0;
  jpeg_destroy_decompress(&jpeg);
  if (!decoded) fail(name, fmt::format("not a readable JPEG file ({})", errors.message));
  require_size(name, image.width, image.height, max_pixels);
  if (cut_off) fail(name, "damaged JPEG file");
  set_upright(image, orientation);
  return image;
}

}  // namespace

bool is_image_name(const std::filesystem::path& path) {
  const std::string extension = lower_case(path.extension().string());
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

GrayImage decode_image(const std::string& bytes, const std::string& source, int64_t max_pixels) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return read_png(bytes, source, max_pixels);
  if (bytes.starts_with("\xff\xd8\xff")) return read_jpeg(bytes, source, max_pixels);
  fail(source, "neither a PNG nor a JPEG file");
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
