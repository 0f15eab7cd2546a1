#include "exchange/onnx_graph.h"

#include "checkpoint/contents.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"
#include "model/network.h"

#include <ATen/ops/tensor.h>
#include <torch/nn/modules/batchnorm.h>

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

namespace digitrec::onnx {
namespace {

/// Adds one network to a model. Each function takes and returns the name of a tensor; a node's output has its name.
class NetworkWriter {
 public:
  NetworkWriter(Model& model, const Checkpoint& network, std::string prefix)
      : model_(model), network_(network), state_(network_state(*network.model)), prefix_(std::move(prefix)) {}

  std::string write(const std::string& pixels) {
    const Architecture& architecture = find_architecture(network_.info.preset);
    std::string x = normalize(pixels);
    int64_t number = 0;
    for (const ConvLayer& layer : architecture.convolutions) x = convolution(layer, ++number, x);
    x = add("Flatten", "flatten", {x}, {{"axis", int64_t{1}}});
    number = 0;
    for (const HiddenLayer& layer : architecture.hidden) x = hidden(layer, ++number, x);
    x = linear("fc" + std::to_string(number + 1), x);
    x = add("Div", "calibrate", {x, constant("calibrate.temperature", network_.info.temperature)});
    return add("Softmax", "softmax", {x}, {{"axis", int64_t{1}}});
  }

 private:
  std::string add(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                  std::map<std::string, Attribute> attributes = {}) {
    model_.nodes.push_back({op, prefix_ + name, std::move(inputs), prefix_ + name, std::move(attributes)});
    return prefix_ + name;
  }

  std::string weight(const std::string& name) {
    model_.weights[prefix_ + name] = dense_copy(state_.at(name));
    return prefix_ + name;
  }

  std::string constant(const std::string& name, double value) {
    model_.weights[prefix_ + name] = at::tensor(static_cast<float>(value));
    return prefix_ + name;
  }

  /// As normalize_images computes it.
  std::string normalize(const std::string& pixels) {
    const auto& [mean, deviation] = network_.info.normalization;
    const std::string scaled = add("Mul", "scale", {pixels, constant("scale.factor", 1.0 / (255.0 * deviation))});
    return add("Sub", "center", {scaled, constant("center.mean", mean / deviation)});
  }

  std::string convolution(const ConvLayer& layer, int64_t number, std::string x) {
    const std::string name = "conv" + std::to_string(number);
    const auto pool = [&] {
      const std::vector<int64_t> two{2, 2};
      x = add("MaxPool", name + ".pool", {x}, {{"kernel_shape", two}, {"strides", two}});
    };
    x = add("Conv", name, {x, weight(name + ".weight"), weight(name + ".bias")},
            {{"kernel_shape", std::vector<int64_t>{3, 3}}, {"pads", std::vector<int64_t>(4, layer.padding)}});
    if (layer.pool == Pool::before_norm) pool();
    if (layer.batch_norm) x = batch_norm<torch::nn::BatchNorm2d>(x);
    x = add("Relu", name + ".relu", {x});
    if (layer.pool == Pool::last) pool();
    return x;
  }

  std::string hidden(const HiddenLayer& layer, int64_t number, std::string x) {
    const std::string name = "fc" + std::to_string(number);
    x = linear(name, x);
    if (layer.batch_norm) x = batch_norm<torch::nn::BatchNorm1d>(x);
    return add("Relu", name + ".relu", {x});
  }

  std::string linear(const std::string& name, const std::string& x) {
    return add("Gemm", name, {x, weight(name + ".weight"), weight(name + ".bias")}, {{"transB", int64_t{1}}});
  }

  template <class Norm>
  std::string batch_norm(const std::string& x) {
    const std::string name = "bn" + std::to_string(++norms_);
    const auto* norm = network_.model->module().named_children()[name]->as<Norm>();
    return add("BatchNormalization", name,
               {x, weight(name + ".weight"), weight(name + ".bias"), weight(name + ".running_mean"),
                weight(name + ".running_var")},
               {{"epsilon", static_cast<float>(norm->options.eps())}});
  }

  Model& model_;
  const Checkpoint& network_;
  std::map<std::string, at::Tensor> state_;
  std::string prefix_;
  int64_t norms_ = 0;
};

/// For people and programs that open the file; what concerns several networks is in their order.
std::map<std::string, std::string> metadata(const Predictor& predictor) {
  std::vector<std::string> presets;
  std::vector<std::string> accuracies;
  for (const auto& [network, file, damage] : predictor.networks()) {
    presets.push_back(network.info.preset);
    const auto accuracy = network.info.metrics.find("val_accuracy");
    if (accuracy != network.info.metrics.end()) accuracies.push_back(fmt::format("{:.6g}", accuracy->second));
  }
  nlohmann::json names = nlohmann::json::array();
  nlohmann::json labels = nlohmann::json::array();
  for (int64_t i = 0; i < predictor.shape().classes; ++i) {
    names.push_back(predictor.classes().name(i));
    labels.push_back(predictor.classes().label(i));
  }
  const auto dump = [](const nlohmann::json& list) {
    return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::map<std::string, std::string> all{
      {"digitrec", version()},
      {"preset", join(presets)},
      {"class_names", dump(names)},
      {"class_labels", dump(labels)},
  };
  if (accuracies.size() == presets.size()) all["val_accuracy"] = join(accuracies);
  if (predictor.data_options().transpose) all["transpose"] = "true";
  return all;
}

}  // namespace

void require_room(int64_t bytes) {
  constexpr int64_t kLimit = std::numeric_limits<int32_t>::max() - 1'000'000;  // names, nodes and metadata
  if (bytes <= kLimit) return;
  throw Error(
      fmt::format("the networks' weights take {:.1f} GB; a file of ONNX holds 2", static_cast<double>(bytes) / 1e9),
      "export fewer of them");
}

Model build_model(const Predictor& predictor) {
  const auto& [classes, side] = predictor.shape();
  const auto& networks = predictor.networks();
  int64_t bytes = 0;
  for (const Loaded<Checkpoint>& network : networks) bytes += 4 * count_parameters(*network.value.model);
  require_room(bytes);
  Model model{
      .name = "digitrec",
      .input = {"pixels", {1, side, side}, "Raw pixels, 0 (background) to 255 (ink); not scaled, not normalised"},
      .output = {"probabilities", {classes}, "Probabilities of the classes, which metadata class_names names"},
      .metadata = metadata(predictor)};
  std::vector<std::string> outputs;
  for (const Loaded<Checkpoint>& network : networks) {
    const std::string prefix = networks.size() > 1 ? fmt::format("network{}.", outputs.size() + 1) : "";
    outputs.push_back(NetworkWriter(model, network.value, prefix).write(model.input.name));
  }
  if (networks.size() > 1) {
    model.nodes.push_back({.op = "Mean", .name = "mean", .inputs = outputs});
  }
  model.nodes.back().output = model.output.name;
  return model;
}

}  // namespace digitrec::onnx
