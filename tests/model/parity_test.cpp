// Holds every preset to PyTorch's own results for the same weights and images; the fixtures are made by
// scripts/measure/peers/make_parity_fixtures.py, which says what they hold.
#include "checkpoint/safetensors.h"
#include "digitrec/model/classifier.h"
#include "support.h"
#include "train/optimizer.h"

#include <torch/nn/modules/dropout.h>

#include <cmath>

namespace digitrec {
namespace {

constexpr int64_t kRows = 16;
constexpr int64_t kSample = 500;

/// The script's `hashed`, bit for bit.
torch::Tensor hashed(int64_t count, uint64_t stream) {
  torch::Tensor values = torch::empty({count}, torch::kFloat32);
  float* value = values.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) {
    uint64_t z = (static_cast<uint64_t>(i) + (stream << 32) + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    value[i] = static_cast<float>(z >> 40) / static_cast<float>(1 << 24) - 0.5F;
  }
  return values;
}

void fill(const std::string& name, torch::Tensor tensor, uint64_t stream) {
  torch::Tensor values = hashed(tensor.numel(), stream).view(tensor.sizes());
  if (tensor.dim() > 1) {
    values = values * static_cast<float>(std::sqrt(24.0 / static_cast<double>(tensor[0].numel())));
  } else if (name.find("bn") != std::string::npos && (name.ends_with("weight") || name.ends_with("running_var"))) {
    values = values + 1.0;
  }
  tensor.copy_(values);
}

torch::Tensor sample(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.contiguous().flatten();
  const int64_t step = std::max<int64_t>(1, flat.numel() / kSample);
  return flat.slice(0, 0, flat.numel(), step).slice(0, 0, kSample);
}

class PresetParity : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    model_ = build_model(GetParam(), {});
    at::NoGradGuard no_grad;
    std::map<std::string, torch::Tensor> state;
    for (const auto& item : model_->named_parameters()) state[item.name] = item.tensor;
    for (const auto& item : model_->named_buffers()) {
      if (item.name.find("num_batches") == std::string::npos) state[item.name] = item.tensor;
    }
    uint64_t stream = 1;
    for (auto& [name, tensor] : state) fill(name, tensor, stream++);
    // In true channels-last order, as normalize_images returns it.
    x_ = torch::empty({kRows, 1, 28, 28}, torch::TensorOptions(), torch::MemoryFormat::ChannelsLast);
    expected_ = read_safetensors(DIGITREC_FIXTURES "/parity/" + GetParam() + ".safetensors").tensors;
    const auto images = static_cast<uint64_t>(expected_.at("stream").item<int64_t>());
    x_.copy_(hashed(kRows * 784, images).view({kRows, 1, 28, 28}) * 2);
    y_ = torch::arange(kRows) * 7 % 10;
  }

  void train_without_dropout() {
    model_->train();
    for (const auto& module : model_->module().modules()) {
      if (module->as<torch::nn::Dropout>() || module->as<torch::nn::Dropout2d>()) module->eval();
    }
  }

  torch::Tensor loss() { return torch::cross_entropy_loss(model_->forward(x_), y_); }

  /// As in the script, which says why.
  void drop_rounding() {
    for (const torch::Tensor& parameter : model_->parameters()) {
      torch::Tensor gradient = parameter.grad();
      gradient.masked_fill_(gradient.abs() < 1e-5 * gradient.abs().max(), 0);
    }
  }

  /// The largest difference of values up to about 1.
  void expect_close(const torch::Tensor& value, const std::string& name) {
    const torch::Tensor& expected = expected_.at(name);
    const double scale = std::max(1.0, expected.abs().max().item<double>());
    EXPECT_LT((value - expected).abs().max().item<double>() / scale, 1e-5) << name;
  }

  std::shared_ptr<Classifier> model_;
  torch::Tensor x_, y_;
  std::map<std::string, torch::Tensor> expected_;
};

TEST_P(PresetParity, LogitsLossAndGradientsEqualPyTorchs) {
  model_->eval();
  {
    at::NoGradGuard no_grad;
    expect_close(model_->forward(x_), "eval_logits");
  }
  train_without_dropout();
  const torch::Tensor logits = model_->forward(x_);
  const torch::Tensor loss = torch::cross_entropy_loss(logits, y_);
  loss.backward();
  expect_close(logits.detach(), "train_logits");
  expect_close(loss.detach(), "loss");
  size_t compared = 0;
  for (const auto& item : model_->named_parameters()) {
    expect_close(sample(item.tensor.grad()), "grad." + item.name);
    ++compared;
  }
  EXPECT_EQ(compared + 5, expected_.size()) << "a parameter of PyTorch's network is missing here";
}

TEST_P(PresetParity, LossAfter20AdamStepsEqualsPyTorchs) {
  train_without_dropout();
  TrainConfig config;
  Optimizer optimizer(model_->parameters(), config);
  // The script evaluates before it trains, which changes nothing; its first training pass moves the running statistics,
  // which training does not read.
  for (int step = 0; step < 20; ++step) {
    optimizer.zero_grad();
    loss().backward();
    drop_rounding();
    optimizer.step(0.001);
  }
  EXPECT_NEAR(loss().item<double>(), expected_.at("loss_after_20_steps").item<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Presets, PresetParity, testing::ValuesIn(preset_names()), test::preset_test_name);

}  // namespace
}  // namespace digitrec
