#include "kernels/cross_entropy.h"

#include "support.h"
#include "train/loss.h"

#include <limits>

namespace digitrec::kernels {
namespace {

TEST(CrossEntropy, EqualsLibTorchsWithItsGradient) {
  at::manual_seed(1);
  for (const int64_t classes : {1, 2, 10, 47}) {
    for (const double smoothing : {0.0, 0.1, 1.0}) {
      for (const bool is_weighted : {false, true}) {
        SCOPED_TRACE(testing::Message() << classes << " classes, smoothing " << smoothing << ", weights "
                                        << is_weighted);
        const torch::Tensor logits = torch::randn({33, classes}) * 5;
        const torch::Tensor labels = torch::randint(classes, {33}, torch::kInt64);
        const torch::Tensor weights = is_weighted ? torch::rand({classes}) + 0.5 : torch::Tensor();
        const torch::Tensor leaf = logits.to(torch::kFloat64).requires_grad_();
        const torch::Tensor expected = at::cross_entropy_loss(
            leaf, labels, is_weighted ? weights.to(torch::kFloat64) : weights, at::Reduction::Mean, -100, smoothing);
        expected.backward();

        const CrossEntropy result = cross_entropy(logits, labels, weights, smoothing);
        EXPECT_NEAR(result.loss, expected.item<double>(), 1e-5);
        EXPECT_TRUE(torch::allclose(result.gradient.to(torch::kFloat64), leaf.grad(), 1e-4, 1e-7));
        EXPECT_EQ(result.correct, logits.argmax(1).eq(labels).sum().item<int64_t>());
      }
    }
  }
}

/// Rows of no class have the mean over all classes for their loss.
TEST(CrossEntropy, TakesRowsOfNoClass) {
  at::manual_seed(1);
  const torch::Tensor logits = torch::randn({8, 10}) * 3;
  const torch::Tensor labels = torch::tensor({3, -1, 0, 9, -1, -1, 5, 5}, torch::kInt64);
  for (const double smoothing : {0.0, 0.1}) {
    for (const bool is_weighted : {false, true}) {
      const torch::Tensor weights = is_weighted ? torch::rand({10}) + 0.5 : torch::Tensor();
      const torch::Tensor leaf = logits.clone().requires_grad_();
      const torch::Tensor expected = loss_with_outliers(leaf, labels, weights, smoothing);
      expected.backward();
      const CrossEntropy result = cross_entropy(logits, labels, weights, smoothing);
      EXPECT_NEAR(result.loss, expected.item<float>(), 1e-5);
      EXPECT_TRUE(torch::allclose(result.gradient, leaf.grad(), 1e-4, 1e-6));
      EXPECT_EQ(result.correct, logits.argmax(1).eq(labels).sum().item<int64_t>());
    }
  }
  const torch::Tensor none = torch::full({8}, -1, torch::kInt64);
  EXPECT_NEAR(cross_entropy(logits, none, {}, 0.1).loss, -logits.log_softmax(1).mean().item<float>(), 1e-5);
  const torch::Tensor all = labels.clamp_min(0);
  EXPECT_NEAR(loss_with_outliers(logits, all, {}, 0.1).item<float>(),
              at::cross_entropy_loss(logits, all, {}, at::Reduction::Mean, -100, 0.1).item<float>(), 1e-5);
}

TEST(CrossEntropy, HoldsForLogitsOfAnySize) {
  const torch::Tensor logits = torch::tensor({{1e4F, -1e4F, 0.0F}, {-3e38F, 3e38F, 0.0F}});
  const CrossEntropy right = cross_entropy(logits, torch::tensor({0, 1}, torch::kInt64), {}, 0);
  EXPECT_EQ(right.loss, 0);
  EXPECT_EQ(right.correct, 2);
  EXPECT_TRUE(right.gradient.eq(0).all().item<bool>());
  EXPECT_EQ(cross_entropy(logits.slice(0, 0, 1), torch::tensor({1}, torch::kInt64), {}, 0).loss, 2e4F);
}

TEST(CrossEntropy, LeavesNaNToBeSeen) {
  torch::Tensor logits = torch::zeros({2, 3});
  logits[1][2] = std::numeric_limits<float>::quiet_NaN();
  const CrossEntropy result = cross_entropy(logits, torch::tensor({0, 0}, torch::kInt64), {}, 0);
  EXPECT_TRUE(std::isnan(result.loss));
  EXPECT_EQ(result.correct, 1);  // as argmax, which takes NaN for the largest
}

TEST(CrossEntropy, GivesTheGradientInTheLogitsType) {
  const torch::Tensor logits = torch::randn({4, 10}).to(torch::kBFloat16);
  const CrossEntropy result = cross_entropy(logits, torch::zeros({4}, torch::kInt64), {}, 0);
  EXPECT_EQ(result.gradient.scalar_type(), torch::kBFloat16);
  EXPECT_EQ(result.gradient.sizes(), logits.sizes());
}

}  // namespace
}  // namespace digitrec::kernels
