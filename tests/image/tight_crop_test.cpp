#include "image/tight_crop.h"

#include "core/drawing.h"
#include "digitrec/core/error.h"
#include "image/framing.h"
#include "synth/synth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace digitrec {
namespace {

/// A synthetic digit with `room` pixels of paper around the box of its ink.
Drawing draw_digit(int64_t digit, int64_t side, int64_t room) {
  const std::vector<uint8_t> pixels = draw_synthetic_digit(digit, side, static_cast<uint64_t>(side + digit));
  Drawing drawing(side, side);
  for (size_t i = 0; i < pixels.size(); ++i) drawing.ink[i] = static_cast<float>(pixels[i]) / 255;
  const Box box = ink_box(drawing, 0.25F);
  Drawing cut(box.width() + 2 * room, box.height() + 2 * room);
  for (int64_t y = 0; y < box.height(); ++y) {
    for (int64_t x = 0; x < box.width(); ++x) cut.at(x + room, y + room) = drawing.at(x + box.left, y + box.top);
  }
  return cut;
}

GrayImage picture(const Drawing& ink, double paper, double contrast, double noise) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 1);
  GrayImage image{ink.width, ink.height, {}, "crop"};
  for (const float value : ink.ink) {
    const double level = paper + contrast * value + noise * normal(random);
    image.pixels.push_back(static_cast<uint8_t>(std::clamp(level, 0.0, 255.0)));
  }
  return image;
}

/// How far what is read of two pictures lies apart: the mean difference of the pixels, or 255 where they are not one
/// digit each.
double difference(const GrayImage& a, const GrayImage& b) {
  std::vector<FramedDigit> first;
  std::vector<FramedDigit> second;
  try {
    first = frame_digits(a, 28);
    second = frame_digits(b, 28);
  } catch (const Error&) {
    return 255;
  }
  if (first.size() != 1 || second.size() != 1) return 255;
  double sum = 0;
  for (size_t i = 0; i < first[0].pixels.size(); ++i) sum += std::abs(first[0].pixels[i] - second[0].pixels[i]);
  return sum / static_cast<double>(first[0].pixels.size());
}

struct Crop {
  std::string name;
  int64_t side;  ///< of the image that the digit is cut from
  double paper, contrast, noise;
};

class TightCrop : public testing::TestWithParam<Crop> {};

TEST_P(TightCrop, IsReadAsWithPaperAround) {
  const Crop& crop = GetParam();
  for (int64_t digit = 0; digit < 10; ++digit) {
    const GrayImage tight = picture(draw_digit(digit, crop.side, 0), crop.paper, crop.contrast, crop.noise);
    const GrayImage roomy = picture(draw_digit(digit, crop.side, crop.side / 3), crop.paper, crop.contrast, crop.noise);
    EXPECT_LT(difference(tight, roomy), 20) << digit;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, TightCrop,
                         testing::Values(Crop{"SmallLightOnDark", 28, 0, 255, 0},
                                         Crop{"SmallDarkOnLight", 28, 255, -255, 0}, Crop{"Tiny", 14, 0, 255, 0},
                                         Crop{"DarkOnLight", 112, 255, -255, 0}, Crop{"Scan", 56, 230, -180, 4},
                                         Crop{"LargeScan", 224, 230, -180, 4},
                                         Crop{"LightOnDarkPhoto", 112, 30, 180, 4}),
                         [](const auto& instance) { return instance.param.name; });

TEST(IsCutTightly, LinesAlongTheEdgeAreNoDigit) {
  Drawing drawing = draw_digit(8, 56, 0);
  EXPECT_TRUE(is_cut_tightly(drawing, 0.5F));
  for (int64_t x = 0; x < drawing.width; ++x) drawing.at(x, 0) = drawing.at(x, drawing.height - 1) = 1;
  EXPECT_FALSE(is_cut_tightly(drawing, 0.5F)) << "slivers above and below";
  EXPECT_FALSE(is_cut_tightly(draw_digit(8, 56, 6), 0.5F)) << "with paper around";
}

}  // namespace
}  // namespace digitrec
