#include "train/batches.h"

#include "digitrec/data/normalization.h"
#include "support.h"

namespace digitrec {
namespace {

TEST(MeasureNormalization, EqualsTheDefinition) {
  const torch::Tensor images = torch::tensor({0, 255, 51, 204}, torch::kUInt8).view({1, 2, 2});
  const Normalization n = measure_normalization(images);
  EXPECT_NEAR(n.mean, 0.5, 1e-12);
  EXPECT_NEAR(n.deviation, std::sqrt((0.25 + 0.25 + 0.09 + 0.09) / 4), 1e-12);
}

TEST(MeasureNormalization, GivesBlankImagesDeviationOne) {
  EXPECT_EQ(measure_normalization(torch::zeros({2, 2, 2}, torch::kUInt8)).deviation, 1.0);
}

TEST(NormalizeImages, ScalesInChannelsLastOrder) {
  const torch::Tensor images = test::random_dataset({0, 1, 2}, 4).images;
  const torch::Tensor x = normalize_images(images, {0.25, 0.5});
  EXPECT_TRUE(torch::allclose(x, (images.unsqueeze(1).to(torch::kFloat32) / 255 - 0.25) / 0.5, 1e-6, 1e-6));
  EXPECT_EQ(x.strides(), torch::IntArrayRef({16, 1, 4, 1}));
}

TEST(GatherNormalized, EqualsSelectingThenNormalizing) {
  const torch::Tensor images = test::random_dataset(std::vector<int64_t>(700, 0), 5).images;
  const torch::Tensor rows = torch::randperm(700);
  const torch::Tensor x = gather_normalized(images, rows, {0.1307, 0.3081});
  const torch::Tensor expected = normalize_images(images.index_select(0, rows), {0.1307, 0.3081});
  EXPECT_TRUE(torch::equal(x, expected));
  EXPECT_EQ(x.strides(), expected.strides());
}

TEST(BatchSampler, VisitsEachRowOnceAnEpochInANewOrder) {
  const torch::Tensor rows = torch::arange(10, 110);
  const BatchSampler sampler(rows, 32, 1);
  EXPECT_TRUE(std::get<0>(sampler.order(1).sort()).equal(rows));
  EXPECT_FALSE(sampler.order(1).equal(rows));
  EXPECT_FALSE(sampler.order(1).equal(sampler.order(2)));
  EXPECT_TRUE(sampler.order(2).equal(sampler.order(2)));
}

TEST(BatchSampler, CoversAllRowsWithASmallerLastBatch) {
  const BatchSampler sampler(torch::arange(100), 32, 1);
  ASSERT_EQ(sampler.batches_per_epoch(), 4);
  EXPECT_EQ(sampler.range(2).size, 32);
  EXPECT_EQ(sampler.range(3).begin, 96);
  EXPECT_EQ(sampler.range(3).size, 4);
}

TEST(BatchSampler, NeverMakesABatchOfOneAfterOthers) {
  const BatchSampler sampler(torch::arange(65), 32, 1);
  ASSERT_EQ(sampler.batches_per_epoch(), 2);
  EXPECT_EQ(sampler.range(1).size, 33);
  EXPECT_EQ(BatchSampler(torch::arange(1), 32, 1).batches_per_epoch(), 1);
}

}  // namespace
}  // namespace digitrec
