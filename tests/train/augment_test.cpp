#include "train/augment.h"

#include "core/random.h"
#include "support.h"
#include "synth/synth.h"

namespace digitrec {
namespace {

torch::Tensor augment(const torch::Tensor& images, const Augmentation& a, uint64_t seed) {
  return augment(images, torch::zeros({images.size(0)}, torch::kInt64), a, seed);
}

const Augmentation kAll{.rotate = 12,
                        .scale = 0.1,
                        .shear = 0.1,
                        .shift = 2,
                        .elastic = 1,
                        .thickness = 0.5,
                        .coarse = 0.5,
                        .reframe = true};

TEST(Augment, IsAFunctionOfImagesAndSeed) {
  const torch::Tensor images = draw_synthetic_digits(20, 1).images;
  const torch::Tensor varied = augment(images, kAll, 7);
  EXPECT_TRUE(varied.equal(augment(images, kAll, 7)));
  EXPECT_FALSE(varied.equal(augment(images, kAll, 8)));
  EXPECT_EQ(varied.sizes(), images.sizes());
  EXPECT_GE(varied.min().item<float>(), 0);
  EXPECT_LE(varied.max().item<float>(), 255.001F);
}

TEST(Augment, WithoutAmountsKeepsTheImages) {
  const torch::Tensor images = draw_synthetic_digits(5, 1).images;
  EXPECT_TRUE(torch::allclose(augment(images, {}, 1), images.to(torch::kFloat32), 1e-5, 1e-2));
  EXPECT_FALSE(Augmentation{}.any());
}

TEST(Augment, MakesImagesNarrower) {
  torch::Tensor images = torch::zeros({100, 28, 28}, torch::kUInt8);
  images.slice(1, 4, 24).slice(2, 4, 24).fill_(255);
  const torch::Tensor width = augment(images, {.narrow = 0.4}, 1).slice(1, 10, 18).sum({1, 2}) / (255 * 8);
  EXPECT_LT(width.max().item<float>(), 20.1);
  EXPECT_LT(width.min().item<float>(), 13);
  EXPECT_GT(width.min().item<float>(), 11.9);
}

TEST(Augment, VariesEveryImageOnItsOwn) {
  const torch::Tensor images = draw_synthetic_digits(1, 1).images.expand({50, 28, 28});
  for (const Augmentation& one : {Augmentation{.rotate = 12}, Augmentation{.scale = 0.1}, Augmentation{.shear = 0.1},
                                  Augmentation{.shift = 2}, Augmentation{.elastic = 1}, Augmentation{.thickness = 0.5},
                                  Augmentation{.coarse = 0.5}, Augmentation{.narrow = 0.3}}) {
    EXPECT_TRUE(one.any());
    const torch::Tensor varied = augment(images, one, 3).flatten(1);
    EXPECT_GT((varied.slice(0, 1) - varied.slice(0, 0, -1)).abs().sum(1).min().item<float>(), 1);
  }
}

TEST(Augment, MakesStrokesThickerAndThinner) {
  torch::Tensor images = torch::zeros({200, 9, 9}, torch::kUInt8);
  images.slice(1, 3, 6).fill_(255);
  const torch::Tensor ink = augment(images, {.thickness = 1}, 1).sum({1, 2}) / (255 * 9);
  EXPECT_GT(ink.max().item<float>(), 4.8);  // 3 rows became 5
  EXPECT_LT(ink.min().item<float>(), 1.2);  // or 1
}

TEST(Augment, LosesTheDetailOfAShareOfTheImages) {
  torch::Tensor stripes = torch::zeros({400, 28, 28}, torch::kUInt8);
  stripes.slice(2, 0, 28, 2).fill_(255);
  const torch::Tensor shown = augment(stripes, {.coarse = 0.25}, 5).slice(2, 4, 24);
  const torch::Tensor contrast = shown.amax({1, 2}) - shown.amin({1, 2});
  const torch::Tensor is_flat = contrast < 128;
  EXPECT_NEAR(is_flat.to(torch::kFloat32).mean().item<float>(), 0.25, 0.08);
}

TEST(Augment, MakesTheLastImagesIntoOutliers) {
  const torch::Tensor images = draw_synthetic_digits(40, 1).images;
  const Augmentation plain{.elastic = 0.5, .reframe = true};
  Augmentation with = plain;
  with.outliers = 0.25;
  EXPECT_EQ(with.count_outliers(40), 10);
  EXPECT_EQ(with.count_outliers(3), 0);
  const torch::Tensor expected = augment(images, plain, 3);
  const torch::Tensor varied = augment(images, with, 3);
  EXPECT_EQ(varied.sizes(), images.sizes());
  EXPECT_TRUE(varied.slice(0, 0, 30).equal(expected.slice(0, 0, 30)));
  EXPECT_GT((varied - expected).slice(0, 30).abs().mean({1, 2}).min().item<float>(), 5);
  EXPECT_TRUE(varied.equal(augment(images, with, 3)));
  // A pair is wider than tall, as two digits are.
  const torch::Tensor pairs = varied.slice(0, 30, 35).gt(64);
  EXPECT_GE((pairs.any(1).sum(1) - pairs.any(2).sum(1)).to(torch::kFloat32).mean().item<float>(), 0);
  EXPECT_TRUE(augment(images.slice(0, 0, 2), {.outliers = 0.5}, 1).isfinite().all().item<bool>());
}

TEST(Augment, KeepsTheFirstImagesAndReplacesOthersBySyntheticDigits) {
  const torch::Tensor images = draw_synthetic_digits(40, 1).images;
  const torch::Tensor labels = torch::full({40}, 7, torch::kInt64);
  const torch::Tensor varied =
      digitrec::augment(images, labels, {.elastic = 0.5, .plain = 0.25, .synthetic = 0.25, .outliers = 0.25}, 3);
  const torch::Tensor off = (varied - images.to(torch::kFloat32)).abs().mean({1, 2});
  EXPECT_EQ(off.slice(0, 0, 10).max().item<float>(), 0);
  EXPECT_GT(off.slice(0, 10).min().item<float>(), 0.5);
  for (int64_t i = 0; i < 10; ++i) {
    const std::vector<uint8_t> digit = draw_synthetic_digit(7, 28, mix_seed(3, static_cast<uint64_t>(i)));
    const torch::Tensor expected = torch::tensor(digit).view({28, 28}).to(torch::kFloat32);
    EXPECT_TRUE(varied[20 + i].equal(expected));
  }
}

TEST(Augment, FramesAgainAsPicturesAreFramed) {
  torch::Tensor bars = torch::zeros({2, 28, 28}, torch::kUInt8);
  bars[0].slice(0, 3, 13).slice(1, 4, 8).fill_(255);
  bars[1].slice(0, 20, 24).slice(1, 10, 26).fill_(255);
  const torch::Tensor framed = augment(bars, {.reframe = true}, 1);
  const torch::Tensor places = torch::arange(28) + 0.5;
  for (int64_t i = 0; i < 2; ++i) {
    const torch::Tensor mass = framed[i].sum();
    EXPECT_NEAR(((framed[i].sum(0) * places).sum() / mass).item<float>(), 14, 0.1);
    EXPECT_NEAR(((framed[i].sum(1) * places).sum() / mass).item<float>(), 14, 0.1);
    const torch::Tensor along = framed[i].sum(i == 0 ? 1 : 0) / framed[i].sum(i == 0 ? 1 : 0).max();
    EXPECT_NEAR(along.sum().item<float>(), 20, 1);
  }
  EXPECT_TRUE(augment(torch::zeros({1, 28, 28}, torch::kUInt8), {.reframe = true}, 1).isfinite().all().item<bool>());
}

TEST(Transform, TurnsAndStretches) {
  const torch::Tensor images = draw_synthetic_digits(3, 2).images;
  const torch::Tensor pixels = images.to(torch::kFloat32);
  EXPECT_TRUE(torch::allclose(transform(images, {}), pixels, 1e-5, 1e-2));
  EXPECT_TRUE(torch::allclose(transform(images, {.rotate = 90}), torch::rot90(pixels, 1, {1, 2}), 1e-4, 0.1) ||
              torch::allclose(transform(images, {.rotate = 90}), torch::rot90(pixels, -1, {1, 2}), 1e-4, 0.1));
  torch::Tensor bar = torch::zeros({1, 28, 28}, torch::kUInt8);
  bar.slice(2, 10, 18).fill_(255);
  EXPECT_NEAR(transform(bar, {.width = 1.5}).select(1, 14).sum().item<float>() / 255, 12, 0.5);
}

}  // namespace
}  // namespace digitrec
