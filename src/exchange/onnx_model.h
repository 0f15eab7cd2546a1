#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace digitrec::onnx {

/// What we write. Of the operators that our networks need, none has changed since opset 22 but in the types it takes: a
/// higher number would only keep out older readers. IR version 10 came with it (ONNX 1.17).
inline constexpr int64_t kOpset = 22;
inline constexpr int64_t kIrVersion = 10;

using Attribute = std::variant<int64_t, float, std::vector<int64_t>>;

/// An operator with one output.
struct Node {
  std::string op{};  ///< "Conv"
  std::string name{};
  std::vector<std::string> inputs{};
  std::string output{};
  std::map<std::string, Attribute> attributes{};
};

/// A float32 tensor that comes in or goes out. Its first dimension is the batch, "N".
struct Value {
  std::string name{};
  std::vector<int64_t> sizes{};  ///< of the other dimensions
  std::string description{};
};

/// As much of an ONNX model (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) as a classifier needs.
struct Model {
  std::string name{};
  std::vector<Node> nodes{};                    ///< each after those whose outputs it takes
  std::map<std::string, at::Tensor> weights{};  ///< float32, on the CPU, contiguous
  Value input{};
  Value output{};
  std::map<std::string, std::string> metadata{};
};

/// The bytes of a file. The weights must be below 2 GiB together, which is as much as a protocol buffer holds.
std::string encode(const Model& model);

/// The inverse. Throws Error for bytes that are not what encode gives.
Model decode(std::string_view bytes);

/// The output for `input`, float32 [N, ...], by LibTorch's plain operators, one node after another: what the graph
/// says, without our kernels. Throws Error for an operator that we do not write.
at::Tensor evaluate(const Model& model, const at::Tensor& input);

}  // namespace digitrec::onnx
