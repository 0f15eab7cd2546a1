#include "synth/synth.h"

#include "data/near_duplicates.h"
#include "data/summary.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "support.h"
#include "synth/scribble.h"

namespace digitrec {
namespace {

TEST(SyntheticDigits, RepeatBySeedAndDifferBetweenSeeds) {
  EXPECT_TRUE(draw_synthetic_digits(20, 1).images.equal(draw_synthetic_digits(20, 1).images));
  EXPECT_FALSE(draw_synthetic_digits(20, 1).images.equal(draw_synthetic_digits(20, 2).images));
}

TEST(SyntheticDigits, AreFramedAsMnistIs) {
  const Dataset data = draw_synthetic_digits(500, 3);
  const torch::Tensor ink = data.images.to(torch::kFloat64);
  const torch::Tensor at = torch::arange(28, torch::kFloat64) + 0.5;
  const torch::Tensor mass = ink.sum({1, 2});
  const torch::Tensor x = (ink.sum(1) * at).sum(1) / mass;
  const torch::Tensor y = (ink.sum(2) * at).sum(1) / mass;
  // Centred by whole pixels, so to half a pixel, a little more where an edge was cut.
  EXPECT_LT((x - 14).abs().max().item<double>(), 0.6);
  EXPECT_LT((y - 14).abs().max().item<double>(), 0.6);
  const torch::Tensor rows = (data.images > 0).any(2).sum(1);
  const torch::Tensor columns = (data.images > 0).any(1).sum(1);
  EXPECT_LE(torch::maximum(rows, columns).max().item<int64_t>(), 20);
  EXPECT_GE(torch::maximum(rows, columns).min().item<int64_t>(), 18);
}

TEST(Scribbles, AreFramedAsDigitsAre) {
  for (const int64_t side : {28, 56}) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const std::vector<uint8_t> pixels = draw_scribble(side, seed);
      const torch::Tensor ink = torch::tensor(pixels).view({side, side}) > 32;
      const int64_t longer = std::max(ink.any(0).sum().item<int64_t>(), ink.any(1).sum().item<int64_t>());
      EXPECT_NEAR(static_cast<double>(longer), static_cast<double>(side) * 20 / 28, 2) << seed;
      EXPECT_EQ(pixels, draw_scribble(side, seed));
    }
  }
}

TEST(SyntheticDigits, ShowAllClassesAboutEquallyOftenAndNoneTwice) {
  const DatasetSummary s = summarize(draw_synthetic_digits(5000, 4));
  ASSERT_EQ(s.classes, 10);
  for (const int64_t count : s.histogram) EXPECT_NEAR(static_cast<double>(count), 500, 100);
  EXPECT_EQ(s.duplicates, 0);
  EXPECT_EQ(s.blank, 0);
}

TEST(WriteSyntheticData, WritesKagglesFilesAndOverwritesNothing) {
  const test::TempFolder folder;
  write_synthetic_data(folder.path(), 30, 12, 5);
  EXPECT_EQ(folder.entries(),
            (std::vector<std::string>{"sample_submission.csv", "test.csv", "test_labels.csv", "train.csv"}));
  EXPECT_EQ(load_dataset(folder.path(), Purpose::train).size(), 30);
  EXPECT_EQ(load_dataset(folder.path(), Purpose::evaluate).size(), 12);
  const torch::Tensor train = load_dataset(folder.path(), Purpose::train).images;
  const torch::Tensor test = load_dataset(folder.path(), Purpose::predict).images;
  EXPECT_TRUE(find_near_duplicates(train, test).lt(0).all().item<bool>());
  EXPECT_ERROR(write_synthetic_data(folder.path(), 30, 12, 5), Error,
               (folder / "train.csv").string() + ": already exists; choose another `out` or remove it");
}

}  // namespace
}  // namespace digitrec
