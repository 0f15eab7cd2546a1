#include "digitrec/infer/metrics.h"

#include "support.h"

#include <cmath>

namespace digitrec {
namespace {

TEST(ComputeMetrics, EqualsValuesWorkedOutByHand) {
  // labels 0 0 0 1 1 2, predictions 0 0 1 1 0 0
  const torch::Tensor probabilities =
      torch::tensor({{.8, .1, .1}, {.6, .2, .2}, {.2, .5, .3}, {.1, .8, .1}, {.5, .4, .1}, {.7, .2, .1}}, torch::kFloat32);
  const Metrics m = compute_metrics(probabilities, torch::tensor({0, 0, 0, 1, 1, 2}, torch::kInt64));
  EXPECT_EQ(m.rows, 6);
  EXPECT_DOUBLE_EQ(m.accuracy, 0.5);
  EXPECT_EQ(m.confusion, (std::vector<std::vector<int64_t>>{{2, 1, 0}, {1, 1, 0}, {1, 0, 0}}));
  EXPECT_DOUBLE_EQ(m.classes[0].precision, 0.5);
  EXPECT_DOUBLE_EQ(m.classes[0].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.classes[0].f1, 4.0 / 7);
  EXPECT_EQ(m.classes[1].support, 2);
  EXPECT_DOUBLE_EQ(m.classes[1].f1, 0.5);
  EXPECT_EQ(m.classes[2].precision, 0);  // never predicted
  EXPECT_EQ(m.classes[2].f1, 0);
  EXPECT_NEAR(m.loss, -(std::log(.8) + std::log(.6) + std::log(.2) + std::log(.8) + std::log(.4) + std::log(.1)) / 6, 1e-6);
}

TEST(ComputeMetrics, StaysFiniteAtProbabilityZero) {
  const Metrics m = compute_metrics(torch::tensor({{1.0F, 0.0F}}), torch::tensor({1}, torch::kInt64));
  EXPECT_TRUE(std::isfinite(m.loss));
}

}  // namespace
}  // namespace digitrec
