#include "train/augment.h"

#include "support.h"
#include "synth/synth.h"

namespace digitrec {
namespace {

const Augmentation kAll{.rotate = 12, .scale = 0.1, .shear = 0.1, .shift = 2, .elastic = 1, .thickness = 0.5};

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

TEST(Augment, VariesEveryImageOnItsOwn) {
  const torch::Tensor images = draw_synthetic_digits(1, 1).images.expand({50, 28, 28});
  for (const Augmentation& one :
       {Augmentation{.rotate = 12}, Augmentation{.scale = 0.1}, Augmentation{.shear = 0.1}, Augmentation{.shift = 2},
        Augmentation{.elastic = 1}, Augmentation{.thickness = 0.5}}) {
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
