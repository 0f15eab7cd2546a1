#include "image/decoders.h"
#include "image/gray_alpha.h"
#include "image/orientation.h"

#include <png.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <csetjmp>
#include <new>

namespace digitrec {
namespace {

/// A picture on its way from libpng, which calls the functions below as it comes to each part of the file.
struct PngReading {
  const DecodeLimits* limits = nullptr;
  int64_t width = 0;
  int64_t height = 0;
  int64_t channels = 0;  ///< 1: grey, 2: grey and alpha
  bool is_interlaced = false;
  bool is_too_large = false;
  int64_t rows_missing = 0;     ///< of those in the file: of all passes, where it is interlaced
  std::vector<uint8_t> pixels;  ///< the rows that are complete, halved where the picture is
  std::vector<uint8_t> whole;   ///< of an interlaced picture that will be halved
  std::vector<uint8_t> upper;   ///< the first of two rows that become one
  std::jmp_buf finished;        ///< the last row is there: nothing more of the file is looked at
  std::string message;

  bool halves() const { return is_halved(width, height); }
  size_t row_bytes() const { return static_cast<size_t>(width * channels); }
  void append(const uint8_t* first, const uint8_t* second) {
    const std::vector<uint8_t> row = halve(first, second, width, channels);
    pixels.insert(pixels.end(), row.begin(), row.end());
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
  /// The next row of a picture that is not interlaced.
  void take(const uint8_t* row, bool is_last) {
    if (!halves()) {
      pixels.insert(pixels.end(), row, row + row_bytes());
    } else if (!upper.empty()) {
      append(upper.data(), row);
      upper.clear();
    } else if (is_last) {
      append(row, row);
    } else {
      upper.assign(row, row + row_bytes());
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
  if ((png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) != 0) {
    // Grey is the light of a colour, which 8 bits hold as sRGB does; -1: the weights of red, green and blue in it.
    png_set_gamma_fixed(png, PNG_DEFAULT_sRGB, PNG_DEFAULT_sRGB);
    png_set_rgb_to_gray_fixed(png, PNG_ERROR_ACTION_NONE, -1, -1);
  }
  png_read_update_info(png, info);
  reading.channels = png_get_channels(png, info);
  if (png_get_rowbytes(png, info) != reading.row_bytes()) png_error(png, "unknown kind of pixels");
  run(png, [&] {
    const auto bytes = static_cast<size_t>(reading.height) * reading.row_bytes();
    if (reading.is_interlaced) {
      reading.whole.resize(bytes);
    } else {
      reading.pixels.reserve(reading.halves() ? bytes / 4 : bytes);
    }
  });
}

void on_row(png_structp png, png_bytep row, png_uint_32 number, int pass) {
  PngReading& reading = reading_of(png);
  if (reading.limits->is_stopped && reading.limits->is_stopped()) png_error(png, "stopped");
  if (reading.is_interlaced) {
    reading.scatter(row, number, pass);
  } else {
    run(png, [&] { reading.take(row, number + 1 == static_cast<png_uint_32>(reading.height)); });
  }
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

/// Puts an interlaced picture, which is complete, where others are row by row.
void take_whole(PngReading& reading) {
  if (!reading.halves()) {
    reading.pixels = std::move(reading.whole);
    return;
  }
  for (int64_t y = 0; y < reading.height; y += 2) {
    const uint8_t* row = reading.whole.data() + static_cast<size_t>(y) * reading.row_bytes();
    reading.append(row, y + 1 < reading.height ? row + reading.row_bytes() : row);
  }
}

/// The chunk eXIf, wherever it stands; empty when there is none.
std::string_view find_exif(std::string_view bytes) {
  constexpr size_t kSignature = 8;
  constexpr size_t kAround = 12;  // a chunk's length and type before its data, its checksum behind
  for (size_t at = kSignature; at + kAround <= bytes.size();) {
    const size_t length = png_get_uint_32(reinterpret_cast<const png_byte*>(bytes.data() + at));
    if (length > bytes.size() - at - kAround) break;
    if (bytes.substr(at + 4, 4) == "eXIf") return bytes.substr(at + 8, length);
    at += kAround + length;
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
  const bool halves = reading.halves();
  GrayImage image{halves ? (reading.width + 1) / 2 : reading.width, halves ? (reading.height + 1) / 2 : reading.height,
                  std::move(reading.pixels), name};
  if (reading.channels == 2) image.pixels = flatten(image.pixels);
  set_upright(image, exif_orientation(find_exif(bytes)));
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
