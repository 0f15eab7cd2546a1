#include "model/network.h"

#include "core/precision.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/feature_dropout.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <cassert>
#include <numeric>
#include <optional>

namespace digitrec {
namespace {

namespace nn = torch::nn;

struct ConvModules {
  ConvLayer layer;
  int64_t out_side;  ///< of the convolution's output, before pooling
  nn::Conv2d conv{nullptr};
  nn::BatchNorm2d norm{nullptr};
  nn::Dropout2d dropout{nullptr};
};

struct HiddenModules {
  nn::Linear linear{nullptr};
  nn::BatchNorm1d norm{nullptr};
  nn::Dropout dropout{nullptr};
};

int64_t side_after(const ConvLayer& layer, int64_t side) {
  const int64_t out = side + 2 * layer.padding - 2;
  return layer.pool == Pool::none ? out : out / 2;
}

template <class Norm>
kernels::BatchNorm norm_tensors(const Norm& norm) {
  return {.weight = norm->weight,
          .bias = norm->bias,
          .running_mean = norm->running_mean,
          .running_var = norm->running_var,
          .momentum = norm->options.momentum().value(),
          .epsilon = norm->options.eps()};
}

/// Plain layers normalise in the running statistics' own type; their parameters are float32 in every precision.
template <class Norm>
at::Tensor batch_norm(const Norm& norm, const at::Tensor& x) {
  return at::batch_norm(x, norm->weight, norm->bias, norm->running_mean, norm->running_var, norm->is_training(),
                        norm->options.momentum().value(), norm->options.eps(), /*cudnn_enabled=*/true);
}

template <class Items>
std::vector<NamedTensor> named(const Items& items) {
  std::vector<NamedTensor> tensors;
  for (const auto& item : items) tensors.push_back({item.key(), item.value()});
  return tensors;
}

class Network final : public Classifier {
 public:
  Network(const Architecture& architecture, const ModelShape& shape) {
    int64_t channels = 1;
    int64_t side = shape.image_size;
    for (const ConvLayer& layer : architecture.convolutions) {
      add_convolution(layer, channels, side);
      channels = layer.channels;
      side = side_after(layer, side);
    }
    int64_t features = channels * side * side;
    for (const HiddenLayer& layer : architecture.hidden) {
      add_hidden(layer, features);
      features = layer.width;
    }
    if (architecture.dropout > 0)
      final_dropout_ = modules_->register_module("dropout", nn::Dropout(architecture.dropout));
    classifier_ =
        modules_->register_module("fc" + std::to_string(hidden_.size() + 1), nn::Linear(features, shape.classes));
  }

  nn::Module& module() override { return *modules_; }
  std::vector<NamedTensor> named_parameters() const override { return named(modules_->named_parameters()); }
  std::vector<NamedTensor> named_buffers() const override { return named(modules_->named_buffers()); }
  void to(at::Device device) override { modules_->to(device); }
  void set_training(bool on) override {
    modules_->train(on);
    if (is_frozen_) evaluate_convolutions();
  }
  bool is_training() const override { return modules_->is_training(); }

  void freeze_convolutions() override {
    is_frozen_ = true;
    for (const ConvModules& block : convolutions_) {
      freeze(*block.conv);
      if (!block.norm.is_empty()) freeze(*block.norm);
    }
    evaluate_convolutions();
  }

  at::Tensor forward(at::Tensor x) override {
    type_ = scalar_type(execution().precision);
    x = convolutions(x).flatten(1);
    for (const HiddenModules& block : hidden_) x = hidden(block, x);
    if (!final_dropout_.is_empty()) x = final_dropout_(x);
    return linear(classifier_, x, /*relu=*/false).to(at::kFloat);
  }

  std::vector<at::Tensor> feature_maps(at::Tensor x) override {
    type_ = scalar_type(execution().precision);
    std::vector<at::Tensor> maps;
    for (const ConvModules& block : convolutions_) {
      x = convolve(block, x);
      maps.push_back(x.to(at::kFloat));
    }
    return maps;
  }

  int64_t multiply_adds() const override {
    const std::vector<int64_t> layers = layer_multiply_adds();
    return std::accumulate(layers.begin(), layers.end(), int64_t{0});
  }

  int64_t training_multiply_adds() const override { return 3 * multiply_adds() - layer_multiply_adds().front(); }

 private:
  static void freeze(const nn::Module& layer) {
    for (at::Tensor& parameter : layer.parameters()) parameter.set_requires_grad(false);
  }

  /// Sets the convolutions' evaluation mode, whatever that of the others.
  void evaluate_convolutions() {
    for (ConvModules& block : convolutions_) {
      block.conv->eval();
      if (!block.norm.is_empty()) block.norm->eval();
      if (!block.dropout.is_empty()) block.dropout->eval();
    }
  }

  at::Tensor convolutions(at::Tensor x) const {
    std::optional<at::NoGradGuard> no_grad;
    if (is_frozen_) no_grad.emplace();
    for (const ConvModules& block : convolutions_) x = convolve(block, x);
    return x;
  }

  std::vector<int64_t> layer_multiply_adds() const {
    std::vector<int64_t> layers;
    for (const ConvModules& block : convolutions_)
      layers.push_back(block.conv->weight.numel() * block.out_side * block.out_side);
    for (const HiddenModules& block : hidden_) layers.push_back(block.linear->weight.numel());
    layers.push_back(classifier_->weight.numel());
    return layers;
  }

  void add_convolution(const ConvLayer& layer, int64_t in, int64_t side) {
    const std::string number = std::to_string(convolutions_.size() + 1);
    ConvModules block{layer, side + 2 * layer.padding - 2};
    block.conv = modules_->register_module("conv" + number,
                                           nn::Conv2d(nn::Conv2dOptions(in, layer.channels, 3).padding(layer.padding)));
    if (layer.batch_norm) block.norm = modules_->register_module(next_norm(), nn::BatchNorm2d(layer.channels));
    if (layer.dropout > 0) block.dropout = modules_->register_module(next_dropout(), nn::Dropout2d(layer.dropout));
    convolutions_.push_back(block);
  }

  void add_hidden(const HiddenLayer& layer, int64_t in) {
    HiddenModules block;
    block.linear = modules_->register_module("fc" + std::to_string(hidden_.size() + 1), nn::Linear(in, layer.width));
    if (layer.batch_norm) block.norm = modules_->register_module(next_norm(), nn::BatchNorm1d(layer.width));
    if (layer.dropout > 0) block.dropout = modules_->register_module(next_dropout(), nn::Dropout(layer.dropout));
    hidden_.push_back(block);
  }

  std::string next_norm() { return "bn" + std::to_string(++norms_); }
  std::string next_dropout() { return "dropout" + std::to_string(++dropouts_); }

  /// Our kernels run on the CPU. In evaluation mode they compute no gradients, so plain layers run when those are
  /// wanted.
  bool runs_fused(const at::Tensor& x) const {
    return execution().kernels == Kernels::fused && x.is_cpu() && (is_training() || !at::GradMode::is_enabled());
  }

  static bool fits(const ConvModules& block) {
    return kernels::fits_kernels(block.conv->weight.size(1), block.layer.channels);
  }

  at::Tensor convolve(const ConvModules& block, const at::Tensor& x) const {
    assert(x.dim() == 4 && x.size(1) == block.conv->weight.size(1));
    return runs_fused(x) && fits(block) ? fused(block, x) : plain(block, x);
  }

  at::Tensor fused(const ConvModules& block, const at::Tensor& x) const {
    std::optional<kernels::BatchNorm> norm;
    if (block.layer.batch_norm) norm = norm_tensors(block.norm);
    const kernels::FusedConv conv{.weight = block.conv->weight,
                                  .bias = block.conv->bias,
                                  .norm = norm ? &*norm : nullptr,
                                  .settings = {.padding = block.layer.padding, .onednn_bf16 = cpu_multiplies_bf16()},
                                  .pool = block.layer.pool};
    if (!block.conv->is_training()) return kernels::eval_fused_conv(x, conv, type_);
    count_batch(block.norm);
    return kernels::train_fused_conv(x, conv, dropout_mask(block, x.size(0)), type_);
  }

  /// The mask of dropout2d: 0 or 1 / (1 - p) for each image and channel. Undefined where nothing is dropped.
  static at::Tensor dropout_mask(const ConvModules& block, int64_t images) {
    if (block.dropout.is_empty() || !block.dropout->is_training()) return {};
    const double keep = 1 - block.layer.dropout;
    return at::empty({images, block.layer.channels}, at::kFloat).bernoulli_(keep).div_(keep);
  }

  template <class Norm>
  static void count_batch(const Norm& norm) {
    if (!norm.is_empty() && norm->is_training()) norm->num_batches_tracked.add_(1);
  }

  at::Tensor plain(const ConvModules& block, at::Tensor x) const {
    x = at::conv2d(x.to(type_), block.conv->weight.to(type_), block.conv->bias.to(type_), 1, block.layer.padding);
    if (block.layer.pool == Pool::before_norm) x = at::max_pool2d(x, 2);
    if (block.layer.batch_norm) {
      count_batch(block.norm);
      x = batch_norm(block.norm, x);
    }
    // ReLU after pooling: the same function as before it (both are monotone), on a quarter of the values.
    if (block.layer.pool == Pool::last) x = at::max_pool2d(x, 2);
    x = x.relu_();
    return block.dropout.is_empty() ? x : at::feature_dropout(x, block.layer.dropout, block.dropout->is_training());
  }

  at::Tensor hidden(const HiddenModules& block, at::Tensor x) const {
    assert(x.dim() == 2 && x.size(1) == block.linear->weight.size(1));
    const bool is_fused =
        runs_fused(x) && !block.norm.is_empty() && kernels::fits_kernels(block.linear->weight.size(0));
    x = linear(block.linear, x, /*relu=*/block.norm.is_empty());
    count_batch(block.norm);
    if (is_fused) {
      const kernels::BatchNorm norm = norm_tensors(block.norm);
      x = is_training() ? kernels::train_norm_relu(x, norm) : kernels::eval_norm_relu(x, norm);
    } else if (!block.norm.is_empty()) {
      x = batch_norm(block.norm, x).relu_();
    }
    if (!block.dropout.is_empty()) x = at::dropout(x, block.dropout->options.p(), block.dropout->is_training());
    return x;
  }

  /// A processor without instructions for bfloat16 multiplies the rounded values in float32: the same sums as with the
  /// instructions, a hundred times faster than LibTorch's own loop for that case.
  at::Tensor linear(const nn::Linear& layer, const at::Tensor& x, bool relu) const {
    const bool widen = type_ == at::kBFloat16 && x.is_cpu() && !cpu_multiplies_bf16();
    const auto operand = [&](const at::Tensor& t) { return widen ? t.to(type_).to(at::kFloat) : t.to(type_); };
    if (runs_fused(x) && (widen || type_ == at::kFloat)) {
      const auto linear = is_training() ? kernels::train_linear : kernels::eval_linear;
      return linear(operand(x), operand(layer->weight), operand(layer->bias), relu).to(type_);
    }
    const at::Tensor y = at::linear(operand(x), operand(layer->weight), operand(layer->bias)).to(type_);
    return relu ? y.relu() : y;
  }

  std::shared_ptr<nn::Module> modules_ = std::make_shared<nn::Module>();
  std::vector<ConvModules> convolutions_;
  std::vector<HiddenModules> hidden_;
  nn::Dropout final_dropout_{nullptr};
  nn::Linear classifier_{nullptr};
  at::ScalarType type_ = at::kFloat;
  bool is_frozen_ = false;
  int norms_ = 0;
  int dropouts_ = 0;
};

}  // namespace

int64_t Architecture::min_image_size() const {
  for (int64_t size = 1;; ++size) {
    int64_t side = size;
    for (const ConvLayer& layer : convolutions) side = side > 0 ? side_after(layer, side) : 0;
    if (side > 0) return size;
  }
}

std::shared_ptr<Classifier> build_network(const Architecture& architecture, const ModelShape& shape) {
  return std::make_shared<Network>(architecture, shape);
}

}  // namespace digitrec
