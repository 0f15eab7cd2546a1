#include "image/framing.h"

#include "digitrec/core/error.h"
#include "image/stroke_width.h"
#include "support.h"

#include <cmath>
#include <random>

namespace digitrec {
namespace {

std::vector<uint8_t> frame_one(const GrayImage& image, int64_t image_size) {
  const std::vector<FramedDigit> digits = frame_digits(image, image_size);
  EXPECT_EQ(digits.size(), 1U);
  return digits.front().pixels;
}

double center(const std::vector<uint8_t>& image, bool vertical) {
  double mass = 0;
  double sum = 0;
  for (size_t i = 0; i < image.size(); ++i) {
    mass += image[i];
    sum += image[i] * (static_cast<double>(vertical ? i / 28 : i % 28) + 0.5);
  }
  return sum / mass;
}

TEST(FrameDigits, FitsTheInkInto20PixelsAndCentersItsMass) {
  const auto framed = frame_one(test::page_with_bar(300, 200, 10, 20, 30, 120), 28);
  int rows_with_ink = 0;
  for (size_t y = 0; y < 28; ++y) {
    rows_with_ink += std::any_of(framed.begin() + static_cast<int64_t>(y * 28),
                                 framed.begin() + static_cast<int64_t>(y * 28 + 28), [](uint8_t v) { return v > 0; });
  }
  EXPECT_EQ(rows_with_ink, 20);
  EXPECT_NEAR(center(framed, false), 14, 0.5);
  EXPECT_NEAR(center(framed, true), 14, 0.5);
  EXPECT_EQ(*std::max_element(framed.begin(), framed.end()), 255);
}

TEST(FrameDigits, ReadsBothPolaritiesAlike) {
  const GrayImage dark_on_light = test::page_with_bar(120, 120, 50, 10, 70, 100);
  GrayImage light_on_dark = dark_on_light;
  for (uint8_t& pixel : light_on_dark.pixels) pixel = static_cast<uint8_t>(255 - pixel);
  EXPECT_EQ(frame_one(dark_on_light, 28), frame_one(light_on_dark, 28));
}

TEST(FrameDigits, DoesNotCareWhereTheDigitIs) {
  EXPECT_EQ(frame_one(test::page_with_bar(120, 120, 10, 5, 30, 85), 28),
            frame_one(test::page_with_bar(120, 120, 80, 30, 100, 110), 28));
}

TEST(FrameDigits, TakesAFramedDigitAsItIs) {
  GrayImage image{28, 28, std::vector<uint8_t>(784, 0), "digit"};
  for (size_t y = 4; y < 24; ++y) image.pixels[y * 28 + 13] = image.pixels[y * 28 + 14] = 200;
  EXPECT_EQ(frame_one(image, 28), image.pixels);
}

TEST(FrameDigits, FramesASmallDrawingThatIsNot) {
  GrayImage aside{28, 28, std::vector<uint8_t>(784, 0), "digit"};
  for (size_t y = 2; y < 22; ++y) aside.pixels[y * 28 + 5] = aside.pixels[y * 28 + 6] = 200;
  EXPECT_NEAR(center(frame_one(aside, 28), false), 14, 0.5);
  EXPECT_NEAR(center(frame_one(aside, 28), true), 14, 0.5);
  GrayImage tall{28, 28, std::vector<uint8_t>(784, 0), "digit"};
  for (size_t y = 1; y < 27; ++y) tall.pixels[y * 28 + 13] = 200;
  EXPECT_NE(frame_one(tall, 28), tall.pixels);
}

TEST(FrameDigits, RefusesABlankPage) {
  EXPECT_ERROR(frame_digits(test::page_with_bar(50, 50, 0, 0, 0, 0), 28), Error,
               "page: blank: no ink stands out from the background; expected a picture of a digit");
}

/// Draws on `image` wherever `covers` says so.
template <typename Covers>
void draw(GrayImage& image, int level, const Covers& covers) {
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      if (covers(x, y)) image.pixels[static_cast<size_t>(y * image.width + x)] = static_cast<uint8_t>(level);
    }
  }
}

/// A ring with strokes of `width` pixels.
GrayImage page_with_ring(int64_t side, double radius, double width) {
  GrayImage image = test::page_with_bar(side, side, 0, 0, 0, 0);
  draw(image, 0, [&](int64_t x, int64_t y) {
    const double from_middle = std::hypot(static_cast<double>(x - side / 2), static_cast<double>(y - side / 2));
    return std::abs(from_middle - radius) < width / 2;
  });
  return image;
}

double stroke_width(const std::vector<uint8_t>& image) {
  Drawing drawing(28, 28);
  for (size_t i = 0; i < image.size(); ++i) drawing.ink[i] = static_cast<float>(image[i]) / 255;
  return measure_strokes(scale(drawing, drawing.whole(), 280, 280)).width / 10;
}

TEST(FrameDigits, BringsStrokesNearMnistsWidth) {
  for (const double width : {2.0, 6.0, 20.0, 60.0, 90.0}) {
    EXPECT_NEAR(stroke_width(frame_one(page_with_ring(400, 150, width), 28)), 3.2, 1.3) << width;
  }
}

TEST(FrameDigits, EvensOutAShadedBackground) {
  GrayImage photo = page_with_ring(300, 100, 20);
  for (int64_t y = 0; y < 300; ++y) {
    for (int64_t x = 0; x < 300; ++x) {
      uint8_t& pixel = photo.pixels[static_cast<size_t>(y * 300 + x)];
      pixel = static_cast<uint8_t>((pixel == 0 ? 30 : 150) + x / 4 - y / 5 + (x * 7 + y * 13) % 5);
    }
  }
  const auto clean = frame_one(page_with_ring(300, 100, 20), 28);
  const auto framed = frame_one(photo, 28);
  double difference = 0;
  for (size_t i = 0; i < clean.size(); ++i) difference += std::abs(clean[i] - framed[i]);
  EXPECT_LT(difference / static_cast<double>(clean.size()), 4);
}

TEST(FrameDigits, CutsDigitsApartFromLeftToRight) {
  GrayImage page = test::page_with_bar(400, 200, 300, 20, 320, 180);                             // a tall one
  draw(page, 0, [](int64_t x, int64_t y) { return x > 50 && x < 70 && y > 60 && y < 170; });     // a lower one
  draw(page, 0, [](int64_t x, int64_t y) { return x > 80 && x < 110 && y > 60 && y < 75; });     // its flag
  draw(page, 0, [](int64_t x, int64_t y) { return x > 200 && x < 203 && y > 190 && y < 193; });  // dirt
  const std::vector<FramedDigit> digits = frame_digits(page, 28);
  ASSERT_EQ(digits.size(), 2U);
  EXPECT_NEAR(digits[0].left, 51.0 / 400, 1e-9);
  EXPECT_NEAR(digits[0].right, 110.0 / 400, 1e-9);
  EXPECT_NEAR(digits[1].left, 300.0 / 400, 1e-9);
  EXPECT_NEAR(digits[1].bottom, 180.0 / 200, 1e-9);
  EXPECT_EQ(digits[1].pixels, frame_one(test::page_with_bar(400, 200, 300, 20, 320, 180), 28));
}

TEST(FrameDigits, RefusesADot) {
  GrayImage page = test::page_with_bar(280, 280, 0, 0, 0, 0);
  draw(page, 0, [](int64_t x, int64_t y) { return std::hypot(x - 140, y - 100) < 12; });
  EXPECT_ERROR(frame_digits(page, 28), Error, "page: a dot; expected a picture of a digit");
  EXPECT_ERROR(frame_digits(test::page_with_bar(280, 280, 100, 100, 103, 105), 28), Error,
               "page: the drawing is too small; draw it larger");
}

TEST(FrameDigits, RefusesNoise) {
  std::mt19937 random(1);
  for (const int share : {1, 3, 10, 30, 50}) {
    GrayImage page = test::page_with_bar(280, 280, 0, 0, 0, 0);
    draw(page, 0, [&](int64_t, int64_t) { return static_cast<int>(random() % 100) < share; });
    EXPECT_THROW(frame_digits(page, 28), Error) << share;
  }
  GrayImage grey = test::page_with_bar(280, 280, 0, 0, 0, 0);
  for (uint8_t& pixel : grey.pixels) pixel = static_cast<uint8_t>(random());
  EXPECT_ERROR(frame_digits(grey, 28), Error, "page: only noise; expected a picture of a digit");
}

}  // namespace
}  // namespace digitrec
