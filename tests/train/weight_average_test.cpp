#include "train/weight_average.h"

#include "model/batch_norm.h"
#include "support.h"
#include "synth/synth.h"

#include <torch/nn/modules/batchnorm.h>

namespace digitrec {
namespace {

/// Moves all parameters a little and returns a copy of them.
std::vector<torch::Tensor> wander(Classifier& model) {
  at::NoGradGuard no_grad;
  std::vector<torch::Tensor> copy;
  for (const torch::Tensor& parameter : model.parameters()) {
    parameter.add_(torch::randn_like(parameter), 0.01);
    copy.push_back(parameter.to(torch::kFloat64));
  }
  return copy;
}

TEST(WeightAverage, EqualsItsDefinition) {
  for (const AverageKind kind : {AverageKind::ema, AverageKind::swa}) {
    TrainConfig config;
    config.average = kind;
    config.average_decay = 0.8;
    config.average_every = 3;
    config.average_start = 0.5;
    const auto model = build_model("mlp-128", {});
    WeightAverage average(config, {.preset = "mlp-128"}, *model, [] { return draw_synthetic_digits(4, 1).images; });
    std::vector<std::vector<torch::Tensor>> taken;
    for (int64_t step = 0; step < 40; ++step) {
      EXPECT_EQ(average.is_empty(), taken.empty());
      const std::vector<torch::Tensor> now = wander(*model);
      average.observe(step, /*steps_per_epoch=*/20);
      if (step + 1 > 10 && (step + 1) % 3 == 0) taken.push_back(now);
    }
    for (size_t p = 0; p < model->parameters().size(); ++p) {
      torch::Tensor expected = taken[0][p];
      for (size_t n = 1; n < taken.size(); ++n) {
        const auto count = static_cast<double>(n);
        const double decay = kind == AverageKind::swa ? count / (count + 1) : std::min(0.8, (1 + count) / (10 + count));
        expected = decay * expected + (1 - decay) * taken[n][p];
      }
      EXPECT_LT((average.network()->parameters()[p] - expected).abs().max().item<double>(), 1e-6);
    }
  }
}

TEST(WeightAverage, HasTheBatchNormStatisticsOfARecomputation) {
  at::manual_seed(1);
  TrainConfig config;
  config.average = AverageKind::ema;
  config.average_every = 1;
  const torch::Tensor images = draw_synthetic_digits(600, 1).images;
  const auto model = build_model("cnn-bn", {});
  WeightAverage average(config, {.preset = "cnn-bn"}, *model, [&] { return images; });
  for (int64_t step = 0; step < 5; ++step) {
    wander(*model);
    average.observe(step, 5);
  }
  Classifier& averaged = *average.network();
  EXPECT_FALSE(averaged.is_training());

  // LibTorch's own layers, one batch at a time: momentum 1 keeps the statistics of that batch alone.
  at::NoGradGuard no_grad;
  const auto plain = build_model("cnn-bn", {});
  plain->set_execution({Precision::fp32, Kernels::plain});
  for (size_t p = 0; p < plain->parameters().size(); ++p) plain->parameters()[p].copy_(averaged.parameters()[p]);
  // Out of channels-last order, where LibTorch adds up 200,000 floats one after another: in this one it sums in double.
  for (const torch::Tensor& parameter : plain->parameters())
    parameter.set_data(parameter.clone(at::MemoryFormat::Contiguous));
  for (const auto& module : plain->module().modules(false)) {
    const bool is_norm =
        module->as<torch::nn::BatchNorm1d>() != nullptr || module->as<torch::nn::BatchNorm2d>() != nullptr;
    module->train(is_norm);
    if (auto* norm = module->as<torch::nn::BatchNorm1d>()) norm->options.momentum(1.0);
    if (auto* norm = module->as<torch::nn::BatchNorm2d>()) norm->options.momentum(1.0);
  }
  std::vector<torch::Tensor> sums;
  for (const torch::Tensor& buffer : plain->buffers()) sums.push_back(torch::zeros_like(buffer));
  const std::vector<torch::Tensor> batches = images.split(256);
  for (const torch::Tensor& batch : batches) {
    plain->forward(normalize_images(batch, {}).clone(at::MemoryFormat::Contiguous));
    for (size_t b = 0; b < sums.size(); ++b) sums[b].add_(plain->buffers()[b]);
  }
  for (size_t b = 0; b < sums.size(); ++b) {
    if (sums[b].scalar_type() != torch::kFloat32) continue;  // counts of batches
    const torch::Tensor expected = sums[b] / static_cast<double>(batches.size());
    EXPECT_TRUE(torch::allclose(averaged.buffers()[b], expected, 1e-3, 1e-4))
        << b << ": " << (averaged.buffers()[b] - expected).abs().max().item<float>() << " of "
        << expected.abs().max().item<float>();
  }
}

}  // namespace
}  // namespace digitrec
