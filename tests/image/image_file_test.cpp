// What a picture may cost: tests of pictures as such are in pictures_test.cpp.
#include "image/image_file.h"

#include "digitrec/core/error.h"
#include "support.h"

// jpeglib.h needs size_t and FILE, which this declares.
#include <cstdio>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include <cstdlib>
#include <ctime>

namespace digitrec {
namespace {

// ---- PNG files, chunk by chunk

std::string number(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return number(static_cast<uint32_t>(data.size())) + body + number(static_cast<uint32_t>(sum));
}

/// `colour`: 0 grey, 2 RGB, 4 grey and alpha, 6 RGB and alpha.
std::string header(uint32_t width, uint32_t height, bool is_interlaced = false, char depth = 8, char colour = 0) {
  const std::string kind{depth, colour, 0, 0, static_cast<char>(is_interlaced ? 1 : 0)};
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", number(width) + number(height) + kind);
}

/// A zlib stream of `bytes` and then of `megabytes` of zeros, most of which is one compressed megabyte again and again.
std::string deflated(const std::string& bytes, int megabytes = 0) {
  z_stream stream{};
  deflateInit(&stream, 9);
  std::string out;
  const auto put = [&](const std::string& in, int flush) {
    std::string buffer(compressBound(in.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    deflate(&stream, flush);
    return buffer.substr(0, buffer.size() - stream.avail_out);
  };
  out += put(bytes, Z_FULL_FLUSH);
  if (megabytes > 0) {
    const std::string again = put(std::string(1 << 20, '\0'), Z_FULL_FLUSH);
    for (int i = 0; i < megabytes; ++i) out += again;
  }
  out += put("", Z_FINISH);
  deflateEnd(&stream);
  return out;
}

/// `height` rows that are not filtered, each pixel its column.
std::string rows(size_t width, size_t height) {
  std::string row(1, '\0');
  for (size_t x = 0; x < width; ++x) row += static_cast<char>(x);
  std::string all;
  for (size_t y = 0; y < height; ++y) all += row;
  return all;
}

double seconds_of_processor() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(DecodeImage, LooksAtNothingBehindThePixelsOfAPng) {
  const std::string end = chunk("IEND", "");
  const std::string sound = header(40, 40) + chunk("IDAT", deflated(rows(40, 40))) + end;
  const GrayImage expected = decode_image(sound, "sound");
  EXPECT_EQ(expected.pixels[41], 1);

  const std::string beyond = header(40, 40) + chunk("IDAT", deflated(rows(40, 40), 4000)) + end;
  std::string texts;
  const std::string packed = std::string("x\0\0", 3) + deflated("", 8);
  for (int i = 0; i < 500; ++i) texts += chunk("zTXt", packed) + chunk("iCCP", packed);
  const double before = seconds_of_processor();
  EXPECT_EQ(decode_image(beyond, "4 GB more").pixels, expected.pixels);
  EXPECT_EQ(decode_image(header(40, 40) + texts + sound.substr(33), "texts").pixels, expected.pixels);
  EXPECT_EQ(decode_image(sound.substr(0, sound.size() - 12) + texts + end, "texts").pixels, expected.pixels);
  EXPECT_LT(seconds_of_processor() - before, 1);
}

TEST(DecodeImage, ReadsInterlacedPngsAndNothingBehindTheirPixels) {
  for (const auto& [width, height] : {std::pair{1U, 1U}, {3U, 1U}, {1U, 5U}, {5U, 4U}, {9U, 9U}, {40U, 23U}}) {
    // The passes of Adam7: where the first pixel is, and how far apart they are.
    constexpr uint32_t kPasses[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                        {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    std::string data;
    for (const auto& [left, top, across, down] : kPasses) {
      for (uint32_t y = top; y < height && left < width; y += down) {
        data += '\0';
        for (uint32_t x = left; x < width; x += across) data += static_cast<char>(7 * y + x);
      }
    }
    const std::string file = header(width, height, true) + chunk("IDAT", deflated(data, 2000));
    const double before = seconds_of_processor();
    const GrayImage image = decode_image(file, "interlaced");
    EXPECT_LT(seconds_of_processor() - before, 1);
    for (uint32_t y = 0; y < height; ++y) {
      for (uint32_t x = 0; x < width; ++x) {
        ASSERT_EQ(image.pixels[y * width + x], static_cast<uint8_t>(7 * y + x)) << width << " x " << height;
      }
    }
    EXPECT_THROW(decode_image(header(width, height, true) + chunk("IDAT", deflated(data.substr(1))), "x"), Error);
  }
}

/// As libpng's own simple interface makes it.
std::string encode(uint32_t format, uint32_t side, const std::vector<uint8_t>& pixels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = png.height = side;
  png.format = format;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string bytes(size, '\0');
  EXPECT_NE(png_image_write_to_memory(&png, bytes.data(), &size, 0, pixels.data(), 0, nullptr), 0);
  return bytes.substr(0, size);
}

TEST(DecodeImage, MakesColoursOfAPngGreyAsLibpngDoes) {
  constexpr uint32_t kSide = 16;
  for (const uint32_t format : {uint32_t{PNG_FORMAT_RGB}, uint32_t{PNG_FORMAT_GRAY}}) {
    std::vector<uint8_t> pixels;
    for (uint32_t i = 0; i < kSide * kSide * PNG_IMAGE_SAMPLE_CHANNELS(format); ++i) {
      pixels.push_back(static_cast<uint8_t>(i * i * 31 + i * 7));
    }
    const std::string bytes = encode(format, kSide, pixels);
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    ASSERT_NE(png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()), 0);
    png.format = PNG_FORMAT_GRAY;
    std::vector<uint8_t> expected(size_t{kSide} * kSide);
    ASSERT_NE(png_image_finish_read(&png, nullptr, expected.data(), 0, nullptr), 0);
    EXPECT_EQ(decode_image(bytes, "x").pixels, expected);
  }
}

TEST(DecodeImage, LaysTransparencyOnWhite) {
  std::vector<uint8_t> pixels;
  for (int i = 0; i < 4; ++i) pixels.insert(pixels.end(), {0, static_cast<uint8_t>(i == 2 ? 255 : 0)});
  EXPECT_EQ(decode_image(encode(PNG_FORMAT_GA, 2, pixels), "x").pixels, (std::vector<uint8_t>{255, 255, 0, 255}));
}

TEST(DecodeImage, ReadsAPngOf16BitsAsTheOneOf8) {
  constexpr uint32_t kSide = 16;
  for (const auto& [colour, channels] : {std::pair<char, uint32_t>{0, 1}, {2, 3}, {4, 2}, {6, 4}}) {
    std::string eight;
    std::string sixteen;
    for (uint32_t y = 0; y < kSide; ++y) {
      eight += '\0';
      sixteen += '\0';
      for (uint32_t i = 0; i < kSide * channels; ++i) {
        const auto value = static_cast<char>((y * 61 + i * i * 7) & 0xFF);
        eight += value;
        sixteen += std::string(2, value);
      }
    }
    const auto decode = [&, colour = colour](char depth, const std::string& data) {
      const std::string gamma = chunk("gAMA", number(100'000));  // says linear light; pictures with it are not so
      return decode_image(header(kSide, kSide, false, depth, colour) + gamma + chunk("IDAT", deflated(data)), "x");
    };
    const GrayImage expected = decode(8, eight);
    const GrayImage image = decode(16, sixteen);
    for (size_t i = 0; i < expected.pixels.size(); ++i) {
      ASSERT_NEAR(image.pixels[i], expected.pixels[i], 1) << "kind " << static_cast<int>(colour) << ", pixel " << i;
    }
  }
}

TEST(DecodeImage, TurnsAPngAsItsExifSays) {
  const std::string right("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0", 22);  // to be turned clockwise
  const std::string pixels = chunk("IDAT", deflated(rows(40, 3)));
  const std::string exif = chunk("eXIf", right);
  for (const std::string& chunks : {exif + pixels, pixels + exif}) {
    const GrayImage image = decode_image(header(40, 3) + chunks + chunk("IEND", ""), "x");
    ASSERT_EQ(image.width, 3);
    ASSERT_EQ(image.height, 40);
    for (size_t y = 0; y < 40; ++y) EXPECT_EQ(image.pixels[3 * y], y);
  }
  const std::string cut = header(40, 3) + pixels + number(0xFFFFFFFF) + "eXIf" + right.substr(0, 9);
  EXPECT_EQ(decode_image(cut, "x").width, 40);
}

TEST(DecodeImage, HalvesPicturesOfMoreThan16MillionPixels) {
  constexpr uint32_t kWidth = 6001;
  constexpr uint32_t kHeight = 2801;
  for (const bool is_interlaced : {false, true}) {
    // Zeros, whatever the order of the rows; they take some kilobytes.
    const std::string file = header(kWidth, kHeight, is_interlaced) + chunk("IDAT", deflated("", 20));
    const GrayImage image = decode_image(file, "zeros");
    EXPECT_EQ(image.width, 3001);
    EXPECT_EQ(image.height, 1401);
    EXPECT_EQ(image.pixels, std::vector<uint8_t>(size_t{3001} * 1401));
  }
  const GrayImage columns =
      decode_image(header(kWidth, kHeight) + chunk("IDAT", deflated(rows(kWidth, kHeight))), "columns");
  ASSERT_EQ(columns.pixels.size(), size_t{3001} * 1401);
  for (size_t x = 0; x < 100; ++x) {
    EXPECT_EQ(columns.pixels[x], 2 * x + 1);  // of 2 x and 2 x + 1, rounded up
    EXPECT_EQ(columns.pixels[size_t{1400} * 3001 + x], 2 * x + 1);
  }
  EXPECT_EQ(columns.pixels[3000], 6000 % 256);
  EXPECT_ERROR(decode_image(header(kWidth, kHeight) + chunk("IDAT", ""), "x", {.max_pixels = 16 << 20}), Error,
               "x: 6001 x 2801 pixels, more than 16 million; expected a PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC or AVIF "
               "picture of a digit");
}

// ---- JPEG files

std::string jpeg(JDIMENSION width, JDIMENSION height, bool is_progressive, JSAMPLE level = 200) {
  jpeg_compress_struct to{};
  jpeg_error_mgr errors{};
  to.err = jpeg_std_error(&errors);
  jpeg_create_compress(&to);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&to, &bytes, &size);
  to.image_width = width;
  to.image_height = height;
  to.input_components = 1;
  to.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&to);
  if (is_progressive) jpeg_simple_progression(&to);
  jpeg_start_compress(&to, TRUE);
  std::vector<JSAMPLE> row(width, level);
  JSAMPROW rows[] = {row.data()};
  while (to.next_scanline < height) jpeg_write_scanlines(&to, rows, 1);
  jpeg_finish_compress(&to);
  jpeg_destroy_compress(&to);
  const std::string file(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return file;
}

TEST(DecodeImage, HalvesLargePhotosAsTheyAreDecoded) {
  const GrayImage image = decode_image(jpeg(8000, 6000, false), "48 million");
  EXPECT_EQ(image.width, 4000);
  EXPECT_EQ(image.height, 3000);
  EXPECT_EQ(image.pixels, std::vector<uint8_t>(size_t{4000} * 3000, 200));
  EXPECT_EQ(decode_image(jpeg(8000, 6000, true), "progressive").pixels, image.pixels);
}

TEST(DecodeImage, TakesNoMoreScansOfAPhotoThanItNeeds) {
  const std::string sound = jpeg(4000, 4000, true);
  // The last scan again and again, as often as 1 MB holds it.
  const size_t last = sound.rfind("\xff\xda");
  const std::string scan = sound.substr(last, sound.size() - 2 - last);
  std::string bomb = sound.substr(0, last);
  while (bomb.size() < (1 << 20)) bomb += scan;
  const double before = seconds_of_processor();
  EXPECT_THROW(decode_image(bomb + "\xff\xd9", "scans"), Error);
  EXPECT_LT(seconds_of_processor() - before, 10);
  EXPECT_EQ(decode_image(sound, "sound").pixels[0], 200);
}

TEST(DecodeImage, EndsWhenItIsStopped) {
  const std::string photo = jpeg(4000, 4000, true);
  const std::string png = header(6000, 2000) + chunk("IDAT", deflated(rows(6000, 2000)));
  for (const std::string& file : {photo, png}) {
    int asked = 0;
    EXPECT_THROW(decode_image(file, "x", {.is_stopped = [&] { return ++asked > 10; }}), Error);
    EXPECT_EQ(asked, 11);
  }
}

TEST(MeasureImage, TellsTheCostFromTheHeader) {
  EXPECT_EQ(measure_image("hello").bytes, 0);
  EXPECT_EQ(measure_image(header(100'000, 100'000)).bytes, 0);  // refused before it costs anything
  EXPECT_EQ(measure_image(header(100, 20)).pixels, 2000);
  EXPECT_EQ(measure_image(header(100, 20)).bytes, 2000 * 5);
  EXPECT_EQ(measure_image(header(8000, 8000)).bytes, 16'000'000 * 5);
  EXPECT_EQ(measure_image(header(100, 20, true)).bytes, 2000 * 7);
  EXPECT_EQ(measure_image(jpeg(80, 16, false)).pixels, 80 * 16);
  EXPECT_EQ(measure_image(jpeg(80, 16, false)).bytes, 80 * 16 * 5);
  EXPECT_EQ(measure_image(jpeg(80, 16, true)).bytes, 80 * 16 * (5 + 2));
}

}  // namespace
}  // namespace digitrec
