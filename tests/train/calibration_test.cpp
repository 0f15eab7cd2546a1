#include "train/calibration.h"

#include "support.h"

namespace digitrec {
namespace {

TEST(FitTemperature, FindsTheScaleOfTheLogits) {
  at::manual_seed(1);
  const torch::Tensor logits = 2 * torch::randn({20000, 10});
  const torch::Tensor labels = logits.softmax(1).multinomial(1).squeeze(1);
  EXPECT_NEAR(fit_temperature(logits, labels), 1.0, 0.03);
  EXPECT_NEAR(fit_temperature(logits * 2.5, labels), 2.5, 0.08);
  EXPECT_NEAR(fit_temperature(logits / 3, labels), 1 / 3.0, 0.01);
}

TEST(FitTemperature, IsOneWhereThereIsNothingToFit) {
  EXPECT_EQ(fit_temperature(torch::empty({0, 10}), torch::empty({0}, torch::kInt64)), 1);
  EXPECT_EQ(fit_temperature(torch::full({2, 2}, NAN), torch::zeros({2}, torch::kInt64)), 1);
}

}  // namespace
}  // namespace digitrec
