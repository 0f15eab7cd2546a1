#include "image/decoders.h"
#include "image/orientation.h"
#include "image/pixel_rows.h"

#include <png.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csetjmp>
#include <new>

namespace digitrec {
namespace {

/// Grey of colours is the light of them, as libpng makes it of 8 bits; it is made here since libpng makes another one
/// of 16 bits. 8 bits hold light to the power of 1 / 2.2, and the weights are those of sRGB's red, green and blue.
class GreyOfColour {
 public:
  GreyOfColour() {
    for (size_t i = 0; i < 256; ++i) {
      to_light_[i] = correct(i, 2.2);
      from_light_[i] = correct(i, 1 / 2.2);
    }
  }
  uint8_t operator()(const uint8_t* rgb) const {
    if (rgb[0] == rgb[1] && rgb[0] == rgb[2]) return rgb[0];
    constexpr uint32_t kRed = 6968;
    constexpr uint32_t kGreen = 23434;
    constexpr uint32_t kBlue = 32768 - kRed - kGreen;
    const uint32_t light = kRed * to_light_[rgb[0]] + kGreen * to_light_[rgb[1]] + kBlue * to_light_[rgb[2]];
    return from_light_[(light + 16384) >> 15];
  }

 private:
  static uint8_t correct(size_t level, double power) {
    return static_cast<uint8_t>(std::floor(255 * std::pow(static_cast<double>(level) / 255, power) + 0.5));
  }
  std::array<uint8_t, 256> to_light_;
  std::array<uint8_t, 256> from_light_;
};

/// A picture on its way from libpng, which calls the functions below as it comes to each part of the file.
struct PngReading {
  const DecodeLimits* limits = nullptr;
  int64_t width = 0;
  int64_t height = 0;
  int64_t samples = 0;   ///< of a pixel, as libpng gives it: 1, grey; 2, grey and alpha; 3, colour; 4, colour and alpha
  int64_t channels = 0;  ///< 1: grey, 2: grey and alpha
  bool is_interlaced = false;
  bool is_too_large = false;
  int64_t rows_missing = 0;    ///< of those in the file: of all passes, where it is interlaced
  PixelRows rows;              ///< those that are complete
  std::vector<uint8_t> whole;  ///< of an interlaced picture
  std::vector<uint8_t> grey;   ///< a row whose colours have become grey
  std::jmp_buf finished;       ///< the last row is there: nothing more of the file is looked at
  std::string message;

  size_t row_bytes() const { return static_cast<size_t>(width * channels); }
  /// A row of `columns` pixels without its colours.
  const uint8_t* without_colours(const uint8_t* row, int64_t columns) {
    if (samples < 3) return row;
    static const GreyOfColour grey_of_colour;
    grey.clear();
    for (int64_t x = 0; x < columns; ++x, row += samples) {
      grey.push_back(grey_of_colour(row));
      if (samples == 4) grey.push_back(row[3]);
    }
    return grey.data();
  }
  /// The next row of a pass, which holds some of the columns of one of the picture's rows.
  void scatter(const uint8_t* row, int64_t number, int pass) {
    const auto y = static_cast<size_t>(PNG_ROW_FROM_PASS_ROW(number, pass));
    const auto columns = static_cast<size_t>(PNG_PASS_COLS(width, pass));
    const auto pixel = static_cast<size_t>(channels);
    for (size_t i = 0; i < columns; ++i) {
      const size_t x = PNG_COL_FROM_PASS_COL(i, pass);
      std::copy_n(row + i * pixel, pixel, whole.data() + y * row_bytes() + x * pixel);
    }
  }
};

PngReading& reading_of(png_structp png) { return *static_cast<PngReading*>(png_get_progressive_ptr(png)); }

/// Runs what may throw, and hands it on as libpng's error: no exception may pass through C.
template <class Step>
void run(png_structp png, const Step& step) {
  bool is_out_of_memory = false;
  try {
    step();
  } catch (const std::bad_alloc&) {
    is_out_of_memory = true;
  }
  if (is_out_of_memory) png_error(png, "out of memory");
}

/// Rows in the file: those of each pass that has columns.
int64_t count_rows(png_uint_32 width, png_uint_32 height, bool is_interlaced) {
  if (!is_interlaced) return height;
  int64_t rows = 0;
  for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass) {
    if (PNG_PASS_COLS(width, pass) > 0) rows += static_cast<int64_t>(PNG_PASS_ROWS(height, pass));
  }
  return rows;
}

void on_header(png_structp png, png_infop info) {
  PngReading& reading = reading_of(png);
  const png_uint_32 width = png_get_image_width(png, info);
  const png_uint_32 height = png_get_image_height(png, info);
  reading.width = width;
  reading.height = height;
  reading.is_too_large = height == 0 || width > reading.limits->max_pixels / height;
  if (reading.is_too_large) png_error(png, "too large");
  reading.is_interlaced = png_get_interlace_type(png, info) != PNG_INTERLACE_NONE;
  reading.rows_missing = count_rows(width, height, reading.is_interlaced);

  png_set_expand(png);
  png_set_scale_16(png);
  png_read_update_info(png, info);
  reading.samples = png_get_channels(png, info);
  reading.channels = reading.samples % 2 == 0 ? 2 : 1;
  if (png_get_rowbytes(png, info) != static_cast<size_t>(width) * static_cast<size_t>(reading.samples)) {
    png_error(png, "unknown kind of pixels");
  }
  run(png, [&] {
    if (reading.is_interlaced) {
      reading.whole.resize(static_cast<size_t>(reading.height) * reading.row_bytes());
    } else {
      reading.rows = PixelRows(reading.width, reading.height, reading.channels);
    }
  });
}

void on_row(png_structp png, png_bytep row, png_uint_32 number, int pass) {
  PngReading& reading = reading_of(png);
  if (reading.limits->is_stopped && reading.limits->is_stopped()) png_error(png, "stopped");
  run(png, [&] {
    const int64_t columns =
        reading.is_interlaced ? static_cast<int64_t>(PNG_PASS_COLS(reading.width, pass)) : reading.width;
    const uint8_t* plain = reading.without_colours(row, columns);
    if (reading.is_interlaced) {
      reading.scatter(plain, number, pass);
    } else {
      reading.rows.take(plain);
    }
  });
  if (--reading.rows_missing == 0) std::longjmp(reading.finished, 1);
}

void on_error(png_structp png, png_const_charp message) {
  auto& reading = *static_cast<PngReading*>(png_get_error_ptr(png));
  try {
    reading.message = message;
  } catch (const std::bad_alloc&) {
  }
  png_longjmp(png, 1);
}

/// Lets libpng work through the file. No C++ object with a destructor lives in this function, since longjmp would skip
/// it.
void process(png_structp png, png_infop info, const std::string& bytes, PngReading& reading) {
  if (setjmp(png_jmpbuf(png)) != 0 || setjmp(reading.finished) != 0) return;
  // All that does not change the pixels is passed over, whatever it would unpack to.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_progressive_read_fn(png, &reading, on_header, on_row, nullptr);
  // libpng does not write to it.
  png_process_data(png, info, reinterpret_cast<png_bytep>(const_cast<char*>(bytes.data())), bytes.size());
}

/// Puts the rows of an interlaced picture, which is complete, where others are as they come.
void take_whole(PngReading& reading) {
  reading.rows = PixelRows(reading.width, reading.height, reading.channels);
  for (int64_t y = 0; y < reading.height; ++y) {
    reading.rows.take(reading.whole.data() + static_cast<size_t>(y) * reading.row_bytes());
  }
  reading.whole = {};
}

/// The Exif data of a PNG file, which may lie before or behind its pixels. libpng is not asked: it would look at all
/// that the file holds.
std::string_view exif_of(std::string_view png) {
  constexpr size_t kSignature = 8;
  constexpr size_t kHead = 8;  // length, type
  constexpr size_t kSum = 4;
  for (size_t at = kSignature; at + kHead <= png.size();) {
    const size_t length = png_get_uint_32(reinterpret_cast<png_const_bytep>(png.data() + at));
    if (png.substr(at + 4, 4) == "eXIf") return png.substr(at + kHead, length);
    at += kHead + length + kSum;
  }
  return {};
}

}  // namespace

GrayImage decode_png(const std::string& bytes, const std::string& name, const DecodeLimits& limits) {
  PngReading reading;
  reading.limits = &limits;
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, on_error, [](png_structp, png_const_charp) {});
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info != nullptr) process(png, info, bytes, reading);
  png_destroy_read_struct(&png, &info, nullptr);
  if (info == nullptr && reading.height == 0 && reading.message.empty()) reading.message = "cut off";
  if (reading.is_too_large) require_size(name, reading.width, reading.height, limits.max_pixels);
  if (reading.channels == 0) fail_to_decode(name, fmt::format("not a readable PNG file ({})", reading.message));
  if (reading.rows_missing > 0) {
    fail_to_decode(name, fmt::format("damaged PNG file ({})", reading.message.empty() ? "cut off" : reading.message));
  }
  if (reading.is_interlaced) take_whole(reading);
  GrayImage image = reading.rows.finish(name);
  set_upright(image, exif_orientation(exif_of(bytes)));
  return image;
}

ImageCost measure_png(const std::string& bytes) {
  // Behind the signature the first chunk: its length, IHDR, width, height, depth, kind of colour, two methods,
  // interlacing.
  constexpr size_t kWidth = 16;
  constexpr size_t kInterlace = 28;
  if (bytes.size() <= kInterlace) return {};
  const auto* data = reinterpret_cast<const png_byte*>(bytes.data());
  const int64_t width = png_get_uint_32(data + kWidth);
  const int64_t height = png_get_uint_32(data + kWidth + 4);
  if (width < 1 || height < 1 || width > kMaxPixels / height) return {};
  // Grey and alpha, both while they are blended; all of an interlaced picture at once.
  const int64_t whole = data[kInterlace] != 0 ? 2 * width * height : 0;
  return {width * height, whole + cost_of_pixels(width, height)};
}

}  // namespace digitrec
