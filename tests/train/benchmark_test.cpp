#include "train/benchmark.h"

#include "support.h"

namespace digitrec {
namespace {

TEST(Spread, IsMedianLowestAndHighest) {
  const Spread odd = spread_of({5, 1, 3});
  EXPECT_EQ(odd.median, 3);
  EXPECT_EQ(odd.low, 1);
  EXPECT_EQ(odd.high, 5);
  EXPECT_EQ(spread_of({4, 1, 2, 8}).median, 3);
  EXPECT_EQ(spread_of({7}).median, 7);
}

TEST(Benchmark, MeasuresTrainingAndInference) {
  const Dataset dataset = test::random_dataset(std::vector<int64_t>(200, 3), 28);
  const BenchmarkResult result = benchmark({.model = "mlp-128", .execution = {}, .batch_size = 32}, dataset, 2);
  EXPECT_GT(result.train.low, 0);
  EXPECT_LE(result.train.low, result.train.median);
  EXPECT_LE(result.train.median, result.train.high);
  EXPECT_GT(result.infer.median, result.train.median) << "training does all that inference does, and more";
}

}  // namespace
}  // namespace digitrec
