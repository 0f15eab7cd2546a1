#include "digitrec/infer/metrics.h"

#include "support.h"

#include <cmath>

namespace digitrec {
namespace {

TEST(ComputeMetrics, EqualsValuesWorkedOutByHand) {
  // labels 0 0 0 1 1 2, predictions 0 0 1 1 0 0
  const torch::Tensor probabilities = torch::tensor(
      {{.8, .1, .1}, {.6, .2, .2}, {.2, .5, .3}, {.1, .8, .1}, {.5, .4, .1}, {.7, .2, .1}}, torch::kFloat32);
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
  EXPECT_NEAR(m.loss, -(std::log(.8) + std::log(.6) + std::log(.2) + std::log(.8) + std::log(.4) + std::log(.1)) / 6,
              1e-6);
}

TEST(ComputeMetrics, MeasuresCalibrationInBins) {
  // Two rows of confidence .9, one right; one of .6, right: (2 * |.9 - .5| + |.6 - 1|) / 3.
  const torch::Tensor probabilities = torch::tensor({{.9, .1}, {.1, .9}, {.6, .4}}, torch::kFloat64);
  const Metrics m = compute_metrics(probabilities, torch::tensor({0, 0, 0}, torch::kInt64));
  EXPECT_NEAR(m.calibration_error, (2 * 0.4 + 0.4) / 3, 1e-9);
  EXPECT_EQ(m.calibration[13].rows, 2);
  EXPECT_EQ(m.calibration[8].rows, 1);
}

TEST(WilsonInterval, EqualsPublishedValues) {
  // Newcombe 1998, table I: 81 of 263, and 0 of 20.
  EXPECT_NEAR(wilson_interval(81, 263).low, 0.2553, 5e-5);
  EXPECT_NEAR(wilson_interval(81, 263).high, 0.3662, 5e-5);
  EXPECT_NEAR(wilson_interval(0, 20).low, 0, 1e-9);
  EXPECT_NEAR(wilson_interval(0, 20).high, 0.1611, 5e-5);
}

TEST(ComputeMetrics, StaysFiniteAtProbabilityZero) {
  const Metrics m = compute_metrics(torch::tensor({{1.0F, 0.0F}}), torch::tensor({1}, torch::kInt64));
  EXPECT_TRUE(std::isfinite(m.loss));
}

TEST(ComputeMetrics, HasALossOf0WhereEachRowIsCertain) {
  const Metrics m = compute_metrics(torch::tensor({{1.0F, 0.0F}}), torch::tensor({0}, torch::kInt64));
  EXPECT_FALSE(std::signbit(m.loss));  // "loss -0.0000" stood in the table
}

}  // namespace
}  // namespace digitrec
