// Pictures in the formats that libgd, libtiff and libwebp read, and JPEGs of four inks.
#include "digitrec/core/error.h"
#include "image/image_file.h"
#include "support.h"

// jpeglib.h needs size_t and FILE, which this declares.
#include <cstdio>

#include <gd.h>
#include <jpeglib.h>
#include <tiffio.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>

namespace digitrec {
namespace {

using test::TempFolder;

using Bytes = std::vector<uint8_t>;

/// Any other than a square shows what is turned.
constexpr int kWidth = 37;
constexpr int kHeight = 28;

/// Black or white, in a pattern that no turning or shifting leaves as it is.
int level_at(int x, int y) { return (x / 5 + y / 7) % 2 == 0 || (x < 9 && y < 3) ? 255 : 0; }

Bytes levels() {
  Bytes all;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) all.push_back(static_cast<uint8_t>(level_at(x, y)));
  }
  return all;
}

using GdImage = std::unique_ptr<gdImage, void (*)(gdImagePtr)>;

GdImage gd_image(bool has_palette = false) {
  GdImage image(has_palette ? gdImageCreate(kWidth, kHeight) : gdImageCreateTrueColor(kWidth, kHeight), gdImageDestroy);
  gdImageAlphaBlending(image.get(), 0);
  gdImageSaveAlpha(image.get(), 1);
  const int black = gdImageColorAllocate(image.get(), 0, 0, 0);
  const int white = gdImageColorAllocate(image.get(), 255, 255, 255);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) gdImageSetPixel(image.get(), x, y, level_at(x, y) > 0 ? white : black);
  }
  return image;
}

std::string take(void* bytes, int size) {
  std::string file(static_cast<const char*>(bytes), static_cast<size_t>(size));
  gdFree(bytes);
  return file;
}

std::string bmp(bool has_palette = false, bool is_packed = false) {
  int size = 0;
  void* bytes = gdImageBmpPtr(gd_image(has_palette).get(), &size, is_packed ? 1 : 0);
  return take(bytes, size);
}
std::string gif(gdImagePtr image = gd_image(true).get()) {
  int size = 0;
  void* bytes = gdImageGifPtr(image, &size);
  return take(bytes, size);
}
std::string webp(gdImagePtr image = gd_image().get()) {
  int size = 0;
  void* bytes = gdImageWebpPtrEx(image, &size, gdWebpLossless);
  return take(bytes, size);
}

std::string little(uint32_t value, size_t count = 4) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i & 0xFF);
  return bytes;
}

/// A TIFF file of the pattern, as libtiff writes it; `set` sets more tags.
std::string tiff(const std::function<void(TIFF*)>& set = {}, int bits = 8,
                 uint16_t photometric = PHOTOMETRIC_MINISBLACK, bool is_tiled = false) {
  const TempFolder folder;
  const auto path = folder / "a.tif";
  TIFF* to = TIFFOpen(path.c_str(), "w");
  TIFFSetField(to, TIFFTAG_IMAGEWIDTH, kWidth);
  TIFFSetField(to, TIFFTAG_IMAGELENGTH, kHeight);
  TIFFSetField(to, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(to, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(to, TIFFTAG_PHOTOMETRIC, photometric);
  TIFFSetField(to, TIFFTAG_ROWSPERSTRIP, 10);
  if (set) set(to);
  if (is_tiled) {
    TIFFSetField(to, TIFFTAG_TILEWIDTH, 32);
    TIFFSetField(to, TIFFTAG_TILELENGTH, 16);
  }
  const auto row_of = [&](int x0, int width, int y) {
    Bytes row(static_cast<size_t>((width * bits + 7) / 8));
    for (int x = 0; x < std::min(width, kWidth - x0); ++x) {
      const bool is_set = y < kHeight && (level_at(x0 + x, y) > 0) == (photometric == PHOTOMETRIC_MINISBLACK);
      for (int bit = x * bits; is_set && bit < (x + 1) * bits; ++bit) {
        row[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> bit % 8);
      }
    }
    return row;
  };
  for (int y = 0; y < kHeight; y += is_tiled ? 16 : 1) {
    for (int x = 0; x < kWidth; x += is_tiled ? 32 : kWidth) {
      Bytes part;
      for (int i = 0; i < (is_tiled ? 16 : 1); ++i) {
        const Bytes row = row_of(x, is_tiled ? 32 : kWidth, y + i);
        part.insert(part.end(), row.begin(), row.end());
      }
      if (is_tiled) {
        TIFFWriteTile(to, part.data(), static_cast<uint32_t>(x), static_cast<uint32_t>(y), 0, 0);
      } else {
        TIFFWriteScanline(to, part.data(), static_cast<uint32_t>(y), 0);
      }
    }
  }
  TIFFClose(to);
  return test::read_text(path);
}

/// Levels of four inks as they are to be stored.
std::string cmyk_jpeg(const std::array<JSAMPLE, 4>& inks, bool is_adobe, bool is_ycck = false) {
  jpeg_compress_struct to{};
  jpeg_error_mgr errors{};
  to.err = jpeg_std_error(&errors);
  jpeg_create_compress(&to);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&to, &bytes, &size);
  to.image_width = 16;
  to.image_height = 8;
  to.input_components = 4;
  to.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&to);
  if (is_ycck) jpeg_set_colorspace(&to, JCS_YCCK);
  to.write_Adobe_marker = is_adobe ? TRUE : FALSE;
  jpeg_set_quality(&to, 100, TRUE);
  jpeg_start_compress(&to, TRUE);
  std::vector<JSAMPLE> row;
  for (int x = 0; x < 16; ++x) row.insert(row.end(), inks.begin(), inks.end());
  JSAMPROW rows[] = {row.data()};
  while (to.next_scanline < to.image_height) jpeg_write_scanlines(&to, rows, 1);
  jpeg_finish_compress(&to);
  jpeg_destroy_compress(&to);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return file;
}

/// Every kind that this file is about, by name.
std::map<std::string, std::string> files() {
  return {{"BMP", bmp()},
          {"BMP with a palette", bmp(true)},
          {"BMP, packed", bmp(true, true)},
          {"GIF", gif()},
          {"WebP", webp()},
          {"TIFF", tiff()},
          {"TIFF of 1 bit", tiff({}, 1)},
          {"TIFF as faxes are", tiff([](TIFF* to) { TIFFSetField(to, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4); }, 1,
                                     PHOTOMETRIC_MINISWHITE)},
          {"TIFF of 16 bits", tiff({}, 16)},
          {"TIFF, LZW", tiff([](TIFF* to) { TIFFSetField(to, TIFFTAG_COMPRESSION, COMPRESSION_LZW); })},
          {"TIFF in tiles", tiff({}, 8, PHOTOMETRIC_MINISBLACK, true)}};
}

TEST(PictureFormats, GiveTheSamePixels) {
  testing::internal::CaptureStderr();
  for (const auto& [name, file] : files()) {
    const GrayImage image = decode_image(file, name);
    EXPECT_EQ(image.width, kWidth) << name;
    EXPECT_EQ(image.height, kHeight) << name;
    EXPECT_EQ(image.pixels, levels()) << name;
    EXPECT_EQ(measure_image(file).pixels, kWidth * kHeight) << name;
    EXPECT_GE(measure_image(file).bytes, kWidth * kHeight * (4 + 5)) << name;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(PictureFormats, DamageIsAnErrorAndNothingGoesToStderr) {
  testing::internal::CaptureStderr();
  for (const auto& [name, file] : files()) {
    for (size_t size = 0; size < file.size(); size += 1 + file.size() / 200) {
      try {
        EXPECT_EQ(decode_image(file.substr(0, size), "x").width, kWidth) << name;
      } catch (const Error&) {
      }
    }
    for (size_t at = 0; at < std::min<size_t>(file.size(), 300); ++at) {
      std::string broken = file;
      broken[at] = static_cast<char>(broken[at] ^ 0x55);
      try {
        decode_image(broken, "x");
      } catch (const Error&) {
      }
    }
    if (!name.starts_with("TIFF")) {
      EXPECT_THROW(decode_image(file.substr(0, file.size() / 2), "x"), Error) << name;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(PictureFormats, TooLargeASizeIsRefusedByTheHeader) {
  const auto put = [](std::string file, size_t at, const std::string& bytes) {
    return file.replace(at, bytes.size(), bytes);
  };
  const auto directory = tiff();
  const size_t width = directory.find(little(TIFFTAG_IMAGEWIDTH, 2) + little(TIFF_SHORT, 2));
  ASSERT_NE(width, std::string::npos);
  const std::map<std::string, std::string> bombs{
      {"65535 x 65535", put(put(gif(), gif().find(',') + 5, "\xff\xff\xff\xff"), 6, "\xff\xff\xff\xff")},
      {"65536 x 65536", put(bmp(), 18, little(65536) + little(65536))},
      {"16384 x 16384", put(webp(), 21, "\xff\xff\xff\x0f")},
      {"16777216 x 16777216", "RIFF____WEBPVP8X\x0a" + std::string(7, '\0') + std::string(6, '\xff') + "____"},
      {"65535 x 60000", put(put(directory, width + 8, "\xff\xff"), width + 20, little(60000, 2))},
  };
  for (const auto& [size, file] : bombs) {
    EXPECT_EQ(measure_image(file).bytes, 0) << size;
    EXPECT_ERROR(decode_image(file, "x"), Error,
                 "x: " + size +
                     " pixels, more than 64 million; expected a PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC or AVIF picture "
                     "of a digit");
  }
  EXPECT_THROW(decode_image(gif(), "x", {.max_pixels = 1000}), Error);
}

TEST(PictureFormats, AStripThatWouldFillMemoryIsRefusedByTheHeader) {
  const auto entry = [](uint32_t tag, uint32_t type, uint32_t value) {
    return little(tag, 2) + little(type, 2) + little(1) + little(value);
  };
  const std::string file = std::string("II*\0\x08\0\0\0\x04\0", 10) + entry(TIFFTAG_IMAGEWIDTH, TIFF_LONG, 8000) +
                           entry(TIFFTAG_IMAGELENGTH, TIFF_LONG, 8000) + entry(TIFFTAG_BITSPERSAMPLE, TIFF_SHORT, 16) +
                           entry(TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, 4) + little(0);
  EXPECT_EQ(measure_image(file).bytes, 0);
  EXPECT_ERROR(
      decode_image(file, "x"), Error,
      "x: damaged or unusual TIFF file (strips too large; save it in smaller ones); expected a PNG, JPEG, BMP, "
      "GIF, WebP, TIFF, HEIC or AVIF picture of a digit");
}

TEST(PictureFormats, HalveLargeOnes) {
  GdImage image(gdImageCreate(6001, 2801), gdImageDestroy);
  gdImageColorAllocate(image.get(), 200, 200, 200);
  EXPECT_EQ(decode_image(gif(image.get()), "GIF").pixels, Bytes(size_t{3001} * 1401, 200));
  GdImage colours(gdImageCreateTrueColor(6001, 2801), gdImageDestroy);
  gdImageFilledRectangle(colours.get(), 0, 0, 6000, 2800, gdTrueColor(200, 200, 200));
  const GrayImage page = decode_image(webp(colours.get()), "WebP");
  EXPECT_EQ(page.width, 3001);
  EXPECT_EQ(page.pixels, Bytes(size_t{3001} * 1401, 200));
}

TEST(PictureFormats, EndWhenTheyAreStopped) {
  for (const auto& [name, file] : files()) {
    EXPECT_THROW(decode_image(file, "x", {.is_stopped = [] { return true; }}), Error) << name;
  }
}

/// As ImageMagick and GIMP write BMP files.
TEST(PictureFormats, ReadBmpsWithLaterHeaders) {
  constexpr size_t kHead = 14;
  constexpr size_t kPlain = 40;
  const auto with_header = [&](const std::string& file, uint32_t head, const std::string& masks, uint32_t compression) {
    std::string later = file.substr(0, kHead + kPlain) + masks + std::string(head - kPlain - masks.size(), '\0') +
                        file.substr(kHead + kPlain);
    const auto offset = static_cast<uint8_t>(file[10]) + 256U * static_cast<uint8_t>(file[11]);
    later.replace(10, 4, little(offset + head - static_cast<uint32_t>(kPlain)));
    later.replace(14, 4, little(head));
    return later.replace(30, 4, little(compression));
  };
  for (const uint32_t head : {108U, 124U}) {
    EXPECT_EQ(decode_image(with_header(bmp(true), head, "", 0), "palette").pixels, levels()) << head;
    EXPECT_EQ(decode_image(with_header(bmp(), head, "", 0), "colours").pixels, levels()) << head;
  }
  std::string rows;
  for (int y = kHeight; y-- > 0;) {
    for (int x = 0; x < kWidth; ++x) rows += std::string(3, static_cast<char>(level_at(x, y))) + "\xff";
  }
  std::string deep = bmp().substr(0, kHead + kPlain).replace(28, 2, little(32, 2)) + rows;
  deep.replace(10, 4, little(kHead + kPlain));
  const std::string masks = little(0xFF0000) + little(0xFF00) + little(0xFF);
  EXPECT_EQ(decode_image(with_header(deep, 124, masks + little(0xFF000000), 3), "masks").pixels, levels());
  EXPECT_EQ(decode_image(deep, "32 bits").pixels, levels());
}

/// Black where it is opaque, and nothing elsewhere.
GdImage see_through(bool has_palette) {
  GdImage image = gd_image(has_palette);
  if (has_palette) {
    gdImageColorTransparent(image.get(), gdImageColorExact(image.get(), 255, 255, 255));
    return image;
  }
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      if (level_at(x, y) > 0) gdImageSetPixel(image.get(), x, y, gdTrueColorAlpha(0, 0, 0, gdAlphaTransparent));
    }
  }
  return image;
}

TEST(PictureFormats, LayTransparencyOnWhite) {
  EXPECT_EQ(decode_image(gif(see_through(true).get()), "GIF").pixels, levels());
  EXPECT_EQ(decode_image(webp(see_through(false).get()), "WebP").pixels, levels());
  int size = 0;
  testing::internal::CaptureStderr();  // libtiff warns of the codec that libgd asks for
  void* bytes = gdImageTiffPtr(see_through(false).get(), &size);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(decode_image(take(bytes, size), "TIFF").pixels, levels());
}

/// A WebP file of these chunks.
std::string riff(const std::string& chunks) {
  return "RIFF" + little(static_cast<uint32_t>(chunks.size()) + 4) + "WEBP" + chunks;
}
std::string chunk(const std::string& name, const std::string& data) {
  return name + little(static_cast<uint32_t>(data.size())) + data + std::string(data.size() % 2, '\0');
}
std::string extended(char flags) {
  return chunk("VP8X", flags + std::string(3, '\0') + little(kWidth - 1, 3) + little(kHeight - 1, 3));
}

TEST(PictureFormats, ReadTheFirstPictureOfAnAnimation) {
  const std::string size = little(kWidth - 1, 3) + little(kHeight - 1, 3);
  const std::string frame = chunk("ANMF", std::string(6, '\0') + size + std::string(4, '\0') + webp().substr(12));
  const std::string moving = riff(extended(0x02) + chunk("ANIM", std::string(6, '\0')) + frame + frame);
  EXPECT_EQ(decode_image(moving, "WebP").pixels, levels());
  EXPECT_EQ(measure_image(moving).pixels, kWidth * kHeight);
  EXPECT_THROW(decode_image(riff(extended(0x02)), "WebP"), Error);
  const std::string still = gif();
  EXPECT_EQ(decode_image(still.substr(0, still.size() - 1) + still.substr(still.find(',')), "GIF").pixels, levels());
}

TEST(PictureFormats, AreTurnedAsTheirExifSays) {
  Bytes expected;
  for (int x = 0; x < kWidth; ++x) {
    for (int y = kHeight; y-- > 0;) expected.push_back(static_cast<uint8_t>(level_at(x, y)));
  }
  const std::string exif = std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 22);
  const GrayImage turned = decode_image(riff(extended(0x08) + webp().substr(12) + chunk("EXIF", exif)), "WebP");
  EXPECT_EQ(turned.width, kHeight);
  EXPECT_EQ(turned.pixels, expected);
  const GrayImage page = decode_image(tiff([](TIFF* to) { TIFFSetField(to, TIFFTAG_ORIENTATION, 6); }), "TIFF");
  EXPECT_EQ(page.width, kHeight);
  EXPECT_EQ(page.pixels, expected);
}

TEST(PictureFormats, MakeFourInksGrey) {
  // Red of 255, green of 128, half of it taken by black; Adobe's programs store what is left of the paper.
  const int expected = (299 * 127 + 587 * 64 + 500) / 1000;
  for (const bool is_ycck : {false, true}) {
    for (const uint8_t level : decode_image(cmyk_jpeg({255, 128, 0, 127}, true, is_ycck), "Adobe").pixels) {
      ASSERT_NEAR(level, expected, 2) << is_ycck;
    }
  }
  for (const uint8_t level : decode_image(cmyk_jpeg({0, 127, 255, 128}, false), "plain").pixels) {
    ASSERT_NEAR(level, expected, 2);
  }
}

TEST(PictureFormats, AvifIsReadWhereLibgdReadsIt) {
  const GrayImage page = test::page_with_bar(64, 64, 25, 10, 32, 50);
  gdImagePtr image = gdImageCreateTrueColor(64, 64);
  for (int i = 0; i < 64 * 64; ++i) {
    const int grey = page.pixels[static_cast<size_t>(i)];
    gdImageSetPixel(image, i % 64, i / 64, gdTrueColor(grey, grey, grey));
  }
  int size = 0;
  void* data = gdImageAvifPtrEx(image, &size, 100, -1);
  gdImageDestroy(image);
  if (data == nullptr) GTEST_SKIP() << "libgd was built without AVIF";
  const std::string bytes(static_cast<const char*>(data), static_cast<size_t>(size));
  gdFree(data);
  const GrayImage read = decode_image(bytes, "x");
  ASSERT_EQ(read.pixels.size(), page.pixels.size());
  for (size_t i = 0; i < page.pixels.size(); ++i) ASSERT_NEAR(read.pixels[i], page.pixels[i], 24);
  EXPECT_EQ(measure_image(bytes).pixels, 64 * 64);
  EXPECT_THROW(decode_image(bytes.substr(0, bytes.size() / 2), "x"), Error);

  // The box of the colours, which grey does not need, gives its 19 bytes to a turn or a reflection.
  const size_t colours =
      bytes.find(std::string("\0\0\0\x13"
                             "colr",
                             8));
  ASSERT_NE(colours, std::string::npos);
  const auto with = [&](const std::string& property, char value) {
    std::string changed = bytes;
    changed.replace(
        colours, 19,
        std::string("\0\0\0\x09", 4) + property + value + std::string("\0\0\0\x0a", 4) + std::string("free\0\0", 6));
    changed.resize(bytes.size());
    return decode_image(changed, "x").pixels;
  };
  const auto at = [](const std::vector<uint8_t>& pixels, int64_t x, int64_t y) {
    return pixels[static_cast<size_t>(y * 64 + x)];
  };
  // The bar covers columns 25 to 31 and rows 10 to 49.
  EXPECT_LT(at(read.pixels, 28, 12), 60);
  EXPECT_LT(at(with("irot", 1), 12, 63 - 28), 60);  // against the clock
  EXPECT_LT(at(with("irot", 3), 63 - 12, 28), 60);
  EXPECT_LT(at(with("irot", 2), 63 - 28, 63 - 12), 60);
  EXPECT_LT(at(with("imir", 0), 28, 63 - 12), 60);  // top and bottom
  EXPECT_LT(at(with("imir", 1), 63 - 28, 12), 60);
}

TEST(PictureFormats, AKindThatIsNotReadIsNamed) {
  EXPECT_ERROR(decode_image("<svg xmlns='http://www.w3.org/2000/svg'/>", "x"), Error,
               "x: an SVG drawing; export it as PNG");
  EXPECT_ERROR(decode_image(std::string("\0\0\0\x18"
                                        "ftypheic\0\0\0\0",
                                        16),
                            "x"),
               Error,
               "x: damaged HEIC or AVIF file; expected a PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC or AVIF picture of a "
               "digit");
  const std::string expected = "; expected a PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC or AVIF picture of a digit";
  EXPECT_ERROR(decode_image("", "x"), Error, "x: an empty file" + expected);
  EXPECT_ERROR(decode_image("hello", "x"), Error, "x: not a picture" + expected);
}

}  // namespace
}  // namespace digitrec
