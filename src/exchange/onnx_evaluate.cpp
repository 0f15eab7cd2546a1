#include "digitrec/core/error.h"
#include "exchange/onnx_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>

#include <spdlog/fmt/fmt.h>

#include <functional>

namespace digitrec::onnx {
namespace {

using Tensors = std::vector<at::Tensor>;

template <class T>
const T& attribute(const Node& node, const std::string& name) {
  return std::get<T>(node.attributes.at(name));
}

at::Tensor conv(const Node& node, const Tensors& in) {
  const auto& pads = attribute<std::vector<int64_t>>(node, "pads");  // top, left, bottom, right
  return at::conv2d(in[0], in[1], in[2], 1, at::IntArrayRef(pads).slice(0, 2));
}

at::Tensor batch_norm(const Node& node, const Tensors& in) {
  return at::batch_norm(in[0], in[1], in[2], in[3], in[4], /*training=*/false, /*momentum=*/0,
                        attribute<float>(node, "epsilon"), /*cudnn_enabled=*/false);
}

at::Tensor max_pool(const Node& node, const Tensors& in) {
  using Sizes = std::vector<int64_t>;
  return at::max_pool2d(in[0], attribute<Sizes>(node, "kernel_shape"), attribute<Sizes>(node, "strides"));
}

at::Tensor gemm(const Node& node, const Tensors& in) {
  return at::addmm(in[2], in[0], attribute<int64_t>(node, "transB") != 0 ? in[1].t() : in[1]);
}

at::Tensor mean(const Node& /*node*/, const Tensors& in) {
  at::Tensor sum = in[0];
  for (size_t i = 1; i < in.size(); ++i) sum = sum + in[i];
  return sum / static_cast<double>(in.size());
}

/// The operators that we write, with the number of their inputs; 0: any.
struct Operator {
  size_t inputs;
  std::function<at::Tensor(const Node&, const Tensors&)> compute;
};

const std::map<std::string, Operator>& operators() {
  static const std::map<std::string, Operator> all{
      {"Mul", {2, [](const Node&, const Tensors& in) { return in[0] * in[1]; }}},
      {"Sub", {2, [](const Node&, const Tensors& in) { return in[0] - in[1]; }}},
      {"Div", {2, [](const Node&, const Tensors& in) { return in[0] / in[1]; }}},
      {"Relu", {1, [](const Node&, const Tensors& in) { return in[0].relu(); }}},
      {"Flatten", {1, [](const Node& n, const Tensors& in) { return in[0].flatten(attribute<int64_t>(n, "axis")); }}},
      {"Softmax", {1, [](const Node& n, const Tensors& in) { return in[0].softmax(attribute<int64_t>(n, "axis")); }}},
      {"Conv", {3, conv}},
      {"BatchNormalization", {5, batch_norm}},
      {"MaxPool", {1, max_pool}},
      {"Gemm", {3, gemm}},
      {"Mean", {0, mean}},
  };
  return all;
}

}  // namespace

at::Tensor evaluate(const Model& model, const at::Tensor& input) {
  at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> values = model.weights;
  values[model.input.name] = input;
  const auto value = [&](const std::string& name) {
    const auto found = values.find(name);
    if (found == values.end()) throw Error(fmt::format("ONNX: nothing computes '{}'", name));
    return found->second;
  };
  for (const Node& node : model.nodes) {
    const auto found = operators().find(node.op);
    if (found == operators().end()) throw Error(fmt::format("ONNX: node '{}': operator {}", node.name, node.op));
    Tensors in;
    for (const std::string& name : node.inputs) in.push_back(value(name));
    const size_t expected = found->second.inputs;
    if (in.empty() || (expected > 0 && in.size() != expected))
      throw Error(fmt::format("ONNX: node '{}': {} inputs, expected {}", node.name, in.size(), expected));
    values[node.output] = found->second.compute(node, in);
  }
  return value(model.output.name);
}

}  // namespace digitrec::onnx
