// The fused kernels compute what the plain layers compute, in every preset.
#include "digitrec/model/classifier.h"
#include "support.h"

#include <torch/types.h>

namespace digitrec {
namespace {

struct Pass {
  torch::Tensor logits;
  double loss = 0;
  std::map<std::string, torch::Tensor> gradients;
  std::map<std::string, torch::Tensor> buffers;
};

class FusedKernels : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    images_ = test::random_dataset(std::vector<int64_t>(16, 0), 28).images;
    labels_ = torch::arange(16) % 10;
  }

  std::shared_ptr<Classifier> network(const Execution& execution) const {
    at::manual_seed(5);
    auto model = build_model(GetParam(), {});
    model->set_execution(execution);
    return model;
  }

  Pass train_once(const Execution& execution) const {
    const auto model = network(execution);
    at::manual_seed(6);  // for dropout
    Pass pass;
    pass.logits = model->forward(normalize_images(images_, {}));
    const torch::Tensor loss = torch::cross_entropy_loss(pass.logits, labels_);
    loss.backward();
    pass.loss = loss.item<double>();
    for (const auto& item : model->named_parameters()) pass.gradients[item.name] = item.tensor.grad();
    for (const auto& item : model->named_buffers()) pass.buffers[item.name] = item.tensor;
    return pass;
  }

  static double difference(const torch::Tensor& a, const torch::Tensor& b) {
    return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
  }

  /// Norm of the difference, as a share of the norm. Single values have no bound: rounding moves a few ReLUs and maxima
  /// to the other side of their kink (PresetParity compares values, on images where it does not). The gradients of
  /// biases before batch normalisation are rounding errors alone.
  static double distance(const torch::Tensor& a, const torch::Tensor& b) {
    const double size = b.norm().item<double>();
    return size < 1e-5 ? 0 : (a - b).norm().item<double>() / size;
  }

  torch::Tensor images_, labels_;
};

TEST_P(FusedKernels, TrainAsThePlainLayersDo) {
  const Pass fused = train_once({Precision::fp32, Kernels::fused});
  const Pass plain = train_once({Precision::fp32, Kernels::plain});
  EXPECT_LT(difference(fused.logits, plain.logits), 1e-5);
  for (const auto& [name, gradient] : plain.gradients) {
    EXPECT_LT(distance(fused.gradients.at(name), gradient), 1e-2) << name;
  }
  for (const auto& [name, buffer] : plain.buffers) EXPECT_LT(difference(fused.buffers.at(name), buffer), 1e-5) << name;
}

TEST_P(FusedKernels, EvaluateAsThePlainLayersDo) {
  at::NoGradGuard no_grad;
  const auto fused = network({Precision::fp32, Kernels::fused});
  const auto plain = network({Precision::fp32, Kernels::plain});
  EXPECT_LT(difference(compute_logits(*fused, images_, {}), compute_logits(*plain, images_, {})), 1e-5);
}

TEST_P(FusedKernels, RoundToBfloat16Only) {
  const Pass bf16 = train_once({Precision::bf16, Kernels::fused});
  const Pass fp32 = train_once({Precision::fp32, Kernels::fused});
  EXPECT_NEAR(bf16.loss, fp32.loss, 0.05);
  EXPECT_EQ(bf16.logits.scalar_type(), torch::kFloat32);
  for (const auto& [name, gradient] : fp32.gradients) {
    EXPECT_EQ(bf16.gradients.at(name).scalar_type(), torch::kFloat32) << name;
    EXPECT_LT(distance(bf16.gradients.at(name), gradient), 0.3) << name;
  }
}

/// Saliency maps ask for the gradient of a prediction.
TEST_P(FusedKernels, GiveGradientsInEvaluationModeToo) {
  const auto model = network({Precision::fp32, Kernels::fused});
  model->eval();
  const torch::Tensor x = normalize_images(images_, {}).requires_grad_();
  model->forward(x).sum().backward();
  EXPECT_GT(x.grad().abs().sum().item<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Presets, FusedKernels, testing::ValuesIn(preset_names()), test::preset_test_name);

}  // namespace
}  // namespace digitrec
