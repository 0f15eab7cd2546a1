// What holds on a CUDA device; skipped where there is none. scripts/check/gpu.sh runs these on a machine that has one.
#include "checkpoint/safetensors.h"
#include "core/precision.h"
#include "digitrec/core/device.h"
#include "digitrec/model/classifier.h"
#include "support.h"
#include "support_run.h"
#include "synth/synth.h"
#include "train/plan.h"
#include "train/step.h"

#include <torch/cuda.h>

namespace digitrec {
namespace {

using test::TempFolder;
using test::train_one;

class Cuda : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
    dataset_ = test::random_dataset(
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 28);
  }

  std::shared_ptr<Classifier> network(const torch::Device& device, Precision precision) const {
    at::manual_seed(5);
    auto model = build_model(GetParam(), {});
    model->to(device);
    model->set_execution({precision, Kernels::fused});
    return model;
  }

  /// Of a short training on the GPU.
  TrainConfig settings() const {
    TrainConfig config;
    config.model = GetParam();
    config.device = "cuda";
    config.precision = PrecisionChoice::fp32;
    config.epochs = 3;
    config.batch_size = 16;
    return config;
  }

  Dataset dataset_;
};

TEST_P(Cuda, EvaluatesAsTheCpuDoes) {
  at::NoGradGuard no_grad;
  const torch::Tensor cpu = compute_logits(*network(torch::kCPU, Precision::fp32), dataset_.images, {});
  const torch::Tensor images = dataset_.images.to(torch::kCUDA);
  const torch::Tensor cuda = compute_logits(*network(torch::kCUDA, Precision::fp32), images, {}).to(torch::kCPU);
  EXPECT_LT((cuda - cpu).abs().max().item<double>(), 1e-3);
  const torch::Tensor bf16 = compute_logits(*network(torch::kCUDA, Precision::bf16), images, {}).to(torch::kCPU);
  EXPECT_LT((bf16 - cpu).abs().max().item<double>(), 0.1);
}

/// Ten full batches and a smaller one: eager, recorded, launched, and eager again.
TEST_P(Cuda, RecordedStepsLearn) {
  const auto model = network(torch::kCUDA, Precision::fp32);
  TrainConfig config;
  config.batch_size = 10;
  TrainStep step(model, config, dataset_.images.to(torch::kCUDA), dataset_.labels.to(torch::kCUDA), {});
  const torch::Tensor rows = torch::arange(30, torch::kInt64).to(torch::kCUDA);
  double first = 0;
  for (int epoch = 0; epoch < 20; ++epoch) {
    step.begin_epoch();
    for (int64_t begin = 0; begin < 30; begin += 10) step.run(rows.narrow(0, begin, 10), 0.001, 0);
    step.run(rows.narrow(0, 0, 7), 0.001, 0);
    EXPECT_EQ(step.rows(), 37);
    if (epoch == 0) first = step.loss();
  }
  EXPECT_LT(step.loss(), 0.7 * first) << "20 passes over 30 images are learnt by heart, or nearly";
}

/// Equal up to the order in which convolutions add.
TEST_P(Cuda, RunIsResumedOnTheCpuAndBack) {
  const TempFolder folder;
  TrainConfig config = settings();
  const Dataset data = draw_synthetic_digits(100, 1);
  train_one(config, data, folder / "run", test::stop_after(3));
  for (const char* device : {"cpu", "cuda"}) {
    config.device = device;
    TrainStart start;
    test::Events events = test::stop_after(5);
    events.on_start = [&start](const Member&, const TrainStart& s) { start = s; };
    const MemberResult result = train_one(config, data, folder / "run", events, Start::resumed);
    EXPECT_EQ(result.reason, StopReason::interrupted);
    EXPECT_NE(start.changes, "");
  }
  EXPECT_EQ(train_one(config, data, folder / "run", {}, Start::resumed).reason, StopReason::finished);
}

TEST_P(Cuda, ResumedRunEndsLikeTheOneInOneGo) {
  const TempFolder folder;
  TrainConfig config = settings();
  config.lr = 0.0001;
  config.average = AverageKind::ema;
  const Dataset data = draw_synthetic_digits(100, 1);
  train_one(config, data, folder / "whole", {});
  Start start = Start::fresh;
  while (train_one(config, data, folder / "pieces", test::stop_after(4), start).reason == StopReason::interrupted)
    start = Start::resumed;
  const auto whole = read_safetensors(folder / "whole/last.safetensors").tensors;
  for (const auto& [name, tensor] : read_safetensors(folder / "pieces/last.safetensors").tensors) {
    EXPECT_TRUE(torch::allclose(tensor, whole.at(name), /*rtol=*/0.01, /*atol=*/0.001)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, Cuda, testing::ValuesIn(preset_names()), test::preset_test_name);

}  // namespace
}  // namespace digitrec
