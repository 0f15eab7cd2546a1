#include "image/decoders.h"
#include "image/orientation.h"
#include "image/pixel_rows.h"

// jpeglib.h needs size_t and FILE, which this declares.
#include <cstdio>

#include <jpeglib.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <csetjmp>

namespace digitrec {
namespace {

/// A file of several scans keeps all its coefficients until the last one; photos of 64 million pixels in which colour
/// has half the resolution need 192 MiB.
constexpr int64_t kMaxCoefficientBytes = 200 << 20;

/// Scans of a picture; more are made to waste time, the more so the larger it is. Cameras and editors write about ten.
int64_t max_scans(int64_t pixels) {
  constexpr int64_t kPixelsOfAllScans = 1600LL << 20;
  return std::clamp<int64_t>(kPixelsOfAllScans / std::max<int64_t>(1, pixels), 25, 100);
}

/// libjpeg reports errors through a callback that must not return.
struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

/// libjpeg calls its progress monitor for every row of blocks that it reads or writes.
struct JpegProgress {
  jpeg_progress_mgr manager;
  const DecodeLimits* limits;
};

[[noreturn]] void escape(j_common_ptr info, const char* why) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  std::snprintf(errors->message, sizeof errors->message, "%s", why);
  std::longjmp(errors->escape, 1);
}

void on_jpeg_progress(j_common_ptr info) {
  const auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
  const auto* progress = reinterpret_cast<const JpegProgress*>(info->progress);
  if (progress->limits->is_stopped && progress->limits->is_stopped()) escape(info, "stopped");
  const int64_t pixels = static_cast<int64_t>(jpeg->image_width) * jpeg->image_height;
  if (jpeg->input_scan_number > max_scans(pixels)) escape(info, "more scans than a picture needs");
}

void on_jpeg_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->escape, 1);
}

void set_error_handlers(jpeg_decompress_struct& jpeg, JpegErrors& errors) {
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = on_jpeg_error;
  errors.manager.output_message = [](j_common_ptr) {};  // warnings stay off stderr
}

/// Bytes of the coefficients that are kept between scans; 0 where there is a single one.
int64_t coefficient_bytes(jpeg_decompress_struct& jpeg) {
  if (jpeg_has_multiple_scans(&jpeg) == FALSE) return 0;
  int64_t blocks = 0;
  for (int i = 0; i < jpeg.num_components; ++i) {
    blocks += static_cast<int64_t>(jpeg.comp_info[i].width_in_blocks) * jpeg.comp_info[i].height_in_blocks;
  }
  return blocks * static_cast<int64_t>(sizeof(JBLOCK));
}

/// Four inks to grey. Adobe's programs, which write nearly all such files, store how little ink there is; libjpeg
/// leaves it so, and makes CMYK of YCCK.
void make_grey(const JSAMPLE* cmyk, bool is_inverted, JSAMPLE* grey, JDIMENSION width) {
  for (JDIMENSION x = 0; x < width; ++x, cmyk += 4) {
    const auto light = [&](int i) { return is_inverted ? cmyk[i] : 255 - cmyk[i]; };
    const auto mixed = [&](int i) { return (light(i) * light(3) + 127) / 255; };
    grey[x] = grey_of(mixed(0), mixed(1), mixed(2));
  }
}

/// Fills `image`; returns false, with errors.message set, on failure. No C++ object with a destructor lives in
/// this function, since longjmp would skip it.
bool decode(const std::string& bytes, GrayImage& image, int& orientation, const DecodeLimits& limits,
            jpeg_decompress_struct& jpeg, JpegProgress& progress, JpegErrors& errors) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_create_decompress(&jpeg);
  progress.manager.progress_monitor = on_jpeg_progress;
  progress.limits = &limits;
  jpeg.progress = &progress.manager;
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&jpeg, TRUE);
  for (const jpeg_marker_struct* marker = jpeg.marker_list; marker != nullptr && orientation == 1;
       marker = marker->next) {
    orientation = exif_orientation({reinterpret_cast<const char*>(marker->data), marker->data_length});
  }
  image.width = jpeg.image_width;
  image.height = jpeg.image_height;
  if (image.height == 0 || image.width > limits.max_pixels / image.height) return true;  // refused by the caller
  if (coefficient_bytes(jpeg) > kMaxCoefficientBytes) {
    escape(reinterpret_cast<j_common_ptr>(&jpeg),
           "a progressive one of this size takes too much memory; save it as baseline");
  }
  if (is_halved(image.width, image.height)) jpeg.scale_denom = 2;
  const bool is_cmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = is_cmyk ? JCS_CMYK : JCS_GRAYSCALE;
  jpeg_start_decompress(&jpeg);
  image.width = jpeg.output_width;
  image.height = jpeg.output_height;
  image.pixels.resize(static_cast<size_t>(image.width * image.height));
  // Of libjpeg's memory, which longjmp leaves to it.
  JSAMPARRAY inks =
      is_cmyk ? jpeg.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&jpeg), JPOOL_IMAGE, 4 * jpeg.output_width, 1)
              : nullptr;
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.pixels.data() + static_cast<size_t>(jpeg.output_scanline) * jpeg.output_width;
    jpeg_read_scanlines(&jpeg, is_cmyk ? inks : &row, 1);
    if (is_cmyk) make_grey(inks[0], jpeg.saw_Adobe_marker != FALSE, row, jpeg.output_width);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

bool read_header(const std::string& bytes, ImageCost& cost, jpeg_decompress_struct& jpeg, JpegErrors& errors) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  cost.pixels = static_cast<int64_t>(jpeg.image_width) * jpeg.image_height;
  cost.bytes = coefficient_bytes(jpeg);
  if (cost.pixels <= kMaxPixels && cost.bytes <= kMaxCoefficientBytes) {
    cost.bytes += cost_of_pixels(jpeg.image_width, jpeg.image_height);
    return true;
  }
  return false;
}

}  // namespace

GrayImage decode_jpeg(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  GrayImage image;
  image.source = name;
  jpeg_decompress_struct jpeg{};
  JpegProgress progress{};
  JpegErrors errors{};
  int orientation = 1;
  set_error_handlers(jpeg, errors);
  const bool decoded = decode(bytes, image, orientation, limits, jpeg, progress, errors);
  const bool cut_off = errors.manager.num_warnings > 0;
  jpeg_destroy_decompress(&jpeg);
  if (!decoded) fail_to_decode(name, fmt::format("not a readable JPEG file ({})", errors.message));
  require_size(name, image.width, image.height, limits.max_pixels);
  if (cut_off) fail_to_decode(name, "damaged JPEG file");
  set_upright(image, orientation);
  return image;
}

ImageCost measure_jpeg(const std::string& bytes) {
  jpeg_decompress_struct jpeg{};
  JpegErrors errors{};
  ImageCost cost;
  set_error_handlers(jpeg, errors);
  const bool is_readable = read_header(bytes, cost, jpeg, errors);
  jpeg_destroy_decompress(&jpeg);
  return is_readable ? cost : ImageCost{};
}

}  // namespace digitrec
