#include "kernels/adam.h"

#include "kernels/dispatch.h"
#include "support.h"

#include <cmath>
#include <limits>

namespace digitrec::kernels {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

AdamStep step_of(double rate, double step, double weight_decay, double shrink) {
  return {.beta2 = static_cast<float>(kBeta2),
          .epsilon = static_cast<float>(kEpsilon),
          .one_minus_beta1 = static_cast<float>(1 - kBeta1),
          .one_minus_beta2 = static_cast<float>(1 - kBeta2),
          .rate = static_cast<float>(rate / (1 - std::pow(kBeta1, step))),
          .inverse_root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, step))),
          .weight_decay = static_cast<float>(weight_decay),
          .shrink = static_cast<float>(shrink)};
}

class AdamKernel : public testing::TestWithParam<const Table*> {};

TEST_P(AdamKernel, StepsAsTheFormula) {
  at::manual_seed(1);
  for (const int64_t size : {1, 3, 16, 33, 1000}) {
    torch::Tensor w = torch::randn({size});
    torch::Tensor m = torch::randn({size}) * 0.1;
    torch::Tensor v = torch::rand({size}) * 0.1;
    const torch::Tensor g = torch::randn({size});
    constexpr double kRate = 0.01;
    constexpr double kDecay = 0.02;
    constexpr double kShrink = 0.99;
    const torch::Tensor decayed = g.to(torch::kFloat64) + kDecay * w;
    const torch::Tensor first = kBeta1 * m.to(torch::kFloat64) + (1 - kBeta1) * decayed;
    const torch::Tensor second = kBeta2 * v.to(torch::kFloat64) + (1 - kBeta2) * decayed.square();
    const torch::Tensor expected =
        kShrink * w.to(torch::kFloat64) -
        kRate * (first / (1 - std::pow(kBeta1, 5))) / ((second / (1 - std::pow(kBeta2, 5))).sqrt() + kEpsilon);
    GetParam()->adam(step_of(kRate, 5, kDecay, kShrink), w.data_ptr<float>(), g.const_data_ptr<float>(),
                     m.data_ptr<float>(), v.data_ptr<float>(), size);
    EXPECT_TRUE(torch::allclose(w.to(torch::kFloat64), expected, 1e-5, 1e-6)) << size;
    EXPECT_TRUE(torch::allclose(m.to(torch::kFloat64), first, 1e-5, 1e-7)) << size;
    EXPECT_TRUE(torch::allclose(v.to(torch::kFloat64), second, 1e-5, 1e-7)) << size;
  }
}

TEST_P(AdamKernel, LeavesNoSubnormalMomentOfAUnitThatIsNeverActive) {
  torch::Tensor w = torch::ones({20});
  torch::Tensor m = torch::full({20}, 1e-3);
  torch::Tensor v = torch::full({20}, 1e-28);
  const torch::Tensor g = torch::zeros({20});
  for (int step = 1; step <= 10'000; ++step) {
    GetParam()->adam(step_of(1e-3, step, 0, 1), w.data_ptr<float>(), g.data_ptr<float>(), m.data_ptr<float>(),
                     v.data_ptr<float>(), 20);
    for (const torch::Tensor& moment : {m, v}) {
      ASSERT_NE(std::fpclassify(moment[7].item<float>()), FP_SUBNORMAL) << "step " << step;
    }
  }
  EXPECT_EQ(m.abs().max().item<float>(), 0);
  EXPECT_EQ(v.abs().max().item<float>(), 0);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, AdamKernel, testing::ValuesIn(supported_tables()),
                         [](const auto& instance) { return instance.param->name; });

AdamTensors random_tensors(const torch::Tensor& like) {
  return {like, torch::randn_like(like), torch::zeros_like(like), torch::zeros_like(like)};
}

TEST(AdamStep, StepsAsLibTorchsFusedKernelInAnyMemoryOrder) {
  at::manual_seed(2);
  for (const bool is_adamw : {false, true}) {
    const torch::Tensor weight = torch::randn({40, 32, 3, 3}).to(torch::MemoryFormat::ChannelsLast);
    const std::vector<AdamTensors> ours{random_tensors(weight), random_tensors(torch::randn({7})),
                                        random_tensors(torch::randn({5, 999}))};
    std::vector<torch::Tensor> parameters;
    std::vector<torch::Tensor> gradients;
    std::vector<torch::Tensor> first;
    std::vector<torch::Tensor> second;
    std::vector<torch::Tensor> steps;
    for (const AdamTensors& tensors : ours) {
      ASSERT_TRUE(fits_adam(tensors));
      parameters.push_back(tensors.parameter.clone());
      gradients.push_back(tensors.gradient);
      first.push_back(tensors.first.clone());
      second.push_back(tensors.second.clone());
      steps.push_back(torch::zeros({}));
    }
    constexpr double kRate = 0.01;
    constexpr double kDecay = 0.1;
    for (int step = 1; step <= 3; ++step) {
      adam_step(step_of(kRate, step, is_adamw ? 0 : kDecay, is_adamw ? 1 - kRate * kDecay : 1), ours);
      at::_foreach_add_(steps, 1);
      if (is_adamw) {
        at::_fused_adamw_(parameters, gradients, first, second, {}, steps, kRate, kBeta1, kBeta2, kDecay, kEpsilon,
                          /*amsgrad=*/false, /*maximize=*/false);
      } else {
        at::_fused_adam_(parameters, gradients, first, second, {}, steps, kRate, kBeta1, kBeta2, kDecay, kEpsilon,
                         /*amsgrad=*/false, /*maximize=*/false);
      }
    }
    for (size_t i = 0; i < ours.size(); ++i) {
      EXPECT_TRUE(torch::allclose(ours[i].parameter, parameters[i], 1e-5, 1e-6)) << i;
      EXPECT_TRUE(torch::allclose(ours[i].first, first[i], 1e-5, 1e-7)) << i;
      EXPECT_TRUE(torch::allclose(ours[i].second, second[i], 1e-5, 1e-7)) << i;
    }
  }
}

TEST(AdamStep, TakesNoTensorsThatLieApart) {
  const torch::Tensor weight = torch::randn({4, 6});
  AdamTensors tensors = random_tensors(weight);
  EXPECT_TRUE(fits_adam(tensors));
  tensors.gradient = torch::Tensor();
  EXPECT_FALSE(fits_adam(tensors));
  tensors.gradient = torch::randn({6, 4}).t();
  EXPECT_FALSE(fits_adam(tensors));
  tensors.gradient = torch::randn({4, 6}, torch::kFloat64);
  EXPECT_FALSE(fits_adam(tensors));
  EXPECT_FALSE(fits_adam(random_tensors(torch::randn({8, 6}).slice(0, 0, 8, 2))));
}

TEST(AdamStep, LeavesNaNToBeSeen) {
  AdamTensors tensors = random_tensors(torch::randn({100}));
  tensors.gradient[50] = std::numeric_limits<float>::quiet_NaN();
  adam_step(step_of(0.1, 1, 0, 1), {tensors});
  EXPECT_EQ(tensors.parameter.isnan().sum().item<int64_t>(), 1);
}

}  // namespace
}  // namespace digitrec::kernels
