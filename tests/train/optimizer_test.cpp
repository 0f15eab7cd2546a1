#include "train/optimizer.h"

#include "support.h"

namespace digitrec {
namespace {

/// Three steps on f(w) = w^2 / 2 from w = 1, whose gradient is w.
double after_three_steps(const TrainConfig& config, double rate) {
  torch::Tensor w = torch::ones({1}).requires_grad_();
  Optimizer optimizer({w}, config);
  for (int i = 0; i < 3; ++i) {
    optimizer.zero_grad();
    (w.square() / 2).sum().backward();
    optimizer.step(rate);
  }
  return w.item<double>();
}

TEST(Optimizer, SgdWithMomentumStepsAsPyTorchs) {
  TrainConfig config;
  config.optimizer = OptimizerKind::sgd;
  config.momentum = 0.9;
  // v = 1; w = .9; v = .9 + .9 = 1.8; w = .72; v = 1.62 + .72 = 2.34; w = .486
  EXPECT_NEAR(after_three_steps(config, 0.1), 0.486, 1e-6);
  config.momentum = 0;
  EXPECT_NEAR(after_three_steps(config, 0.1), 0.729, 1e-6);
}

TEST(Optimizer, SgdAddsWeightDecayToTheGradient) {
  TrainConfig config;
  config.optimizer = OptimizerKind::sgd;
  config.momentum = 0;
  config.weight_decay = 1;
  EXPECT_NEAR(after_three_steps(config, 0.1), 0.512, 1e-6);  // each step takes away .1 * 2w
}

TEST(Optimizer, AdamTakesAFirstStepOfTheRate) {
  torch::Tensor w = torch::tensor({3.0F, -0.01F}).requires_grad_();
  Optimizer optimizer({w}, TrainConfig{});
  (w.square() / 2).sum().backward();
  optimizer.step(0.1);
  EXPECT_TRUE(torch::allclose(w.detach(), torch::tensor({2.9F, 0.09F}), 1e-4, 1e-4));
}

TEST(Optimizer, AdamWDecaysWeightsApartFromTheGradient) {
  TrainConfig config;
  config.optimizer = OptimizerKind::adamw;
  config.weight_decay = 0.5;
  torch::Tensor w = torch::tensor({2.0F}).requires_grad_();
  Optimizer optimizer({w}, config);
  (w * 0).sum().backward();
  optimizer.step(0.1);
  EXPECT_NEAR(w.item<double>(), 2 * (1 - 0.1 * 0.5), 1e-6);
}

TEST(ClipGradients, ScalesTheCommonNormDown) {
  torch::Tensor a = torch::zeros({1}).requires_grad_();
  torch::Tensor b = torch::zeros({1}).requires_grad_();
  (3 * a + 4 * b).sum().backward();
  clip_gradients({a, b}, 1.0);
  EXPECT_NEAR(a.grad().item<double>(), 0.6, 1e-5);
  EXPECT_NEAR(b.grad().item<double>(), 0.8, 1e-5);
  clip_gradients({a, b}, 10.0);
  EXPECT_NEAR(b.grad().item<double>(), 0.8, 1e-5);
}

}  // namespace
}  // namespace digitrec
