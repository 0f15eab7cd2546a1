#pragma once

#include "digitrec/model/classifier.h"

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

namespace digitrec {

// One file a family; the registry names them.
std::shared_ptr<Classifier> build_mlp_128(const ModelShape& shape);
std::shared_ptr<Classifier> build_mlp(const ModelShape& shape);
std::shared_ptr<Classifier> build_cnn(const ModelShape& shape);
std::shared_ptr<Classifier> build_cnn_dropout(const ModelShape& shape);
std::shared_ptr<Classifier> build_cnn_bn(const ModelShape& shape);

/// Multiply-adds of a convolution whose output is `side` squared, and of a fully connected layer.
inline int64_t multiply_adds_of(const torch::nn::Conv2d& conv, int64_t side) {
  return conv->weight.numel() * side * side;
}
inline int64_t multiply_adds_of(const torch::nn::Linear& linear) { return linear->weight.numel(); }

/// ReLU after 2x2 max pooling: the same function as pooling after ReLU (both are monotone), on a quarter of the values.
inline torch::Tensor pool_relu(const torch::Tensor& x) { return torch::max_pool2d(x, 2).relu_(); }

inline torch::nn::Conv2dOptions conv3x3(int64_t in, int64_t out, int64_t padding) {
  return torch::nn::Conv2dOptions(in, out, 3).padding(padding);
}

}  // namespace digitrec
