#include "model/families.h"

namespace digitrec {
namespace {

namespace nn = torch::nn;

/// Two unpadded convolutions, each pooled, and one hidden layer.
class Cnn final : public Classifier {
 public:
  explicit Cnn(const ModelShape& shape)
      : side1_(shape.image_size - 2),
        side2_(side1_ / 2 - 2),
        conv1_(register_module("conv1", nn::Conv2d(conv3x3(1, 32, 0)))),
        conv2_(register_module("conv2", nn::Conv2d(conv3x3(32, 64, 0)))),
        fc1_(register_module("fc1", nn::Linear(64 * (side2_ / 2) * (side2_ / 2), 128))),
        fc2_(register_module("fc2", nn::Linear(128, shape.classes))) {}

  torch::Tensor forward(torch::Tensor x) override {
    x = pool_relu(conv1_(x));           // [N, 32, 13, 13] for 28 x 28
    x = pool_relu(conv2_(x));           // [N, 64, 5, 5]
    x = fc1_(x.flatten(1)).relu_();
    return fc2_(x);
  }

  int64_t multiply_adds() const override {
    return multiply_adds_of(conv1_, side1_) + multiply_adds_of(conv2_, side2_) + multiply_adds_of(fc1_) +
           multiply_adds_of(fc2_);
  }

 private:
  int64_t side1_;
  int64_t side2_;
  nn::Conv2d conv1_, conv2_;
  nn::Linear fc1_, fc2_;
};

/// Three padded convolutions, two of them pooled, and dropout before the last layer.
class CnnDropout final : public Classifier {
 public:
  explicit CnnDropout(const ModelShape& shape)
      : side1_(shape.image_size),
        side2_(side1_ / 2),
        conv1_(register_module("conv1", nn::Conv2d(conv3x3(1, 32, 1)))),
        conv2_(register_module("conv2", nn::Conv2d(conv3x3(32, 64, 1)))),
        conv3_(register_module("conv3", nn::Conv2d(conv3x3(64, 128, 1)))),
        fc1_(register_module("fc1", nn::Linear(128 * (side2_ / 2) * (side2_ / 2), 128))),
        dropout_(register_module("dropout", nn::Dropout(0.5))),
        fc2_(register_module("fc2", nn::Linear(128, shape.classes))) {}

  torch::Tensor forward(torch::Tensor x) override {
    x = pool_relu(conv1_(x));          // [N, 32, 14, 14] for 28 x 28
    x = conv2_(x).relu_();       // [N, 64, 14, 14]
    x = pool_relu(conv3_(x));          // [N, 128, 7, 7]
    x = fc1_(x.flatten(1)).relu_();
    return fc2_(dropout_(x));
  }

  int64_t multiply_adds() const override {
    return multiply_adds_of(conv1_, side1_) + multiply_adds_of(conv2_, side2_) + multiply_adds_of(conv3_, side2_) +
           multiply_adds_of(fc1_) + multiply_adds_of(fc2_);
  }

 private:
  int64_t side1_;
  int64_t side2_;
  nn::Conv2d conv1_, conv2_, conv3_;
  nn::Linear fc1_;
  nn::Dropout dropout_;
  nn::Linear fc2_;
};

}  // namespace

std::shared_ptr<Classifier> build_cnn(const ModelShape& shape) { return std::make_shared<Cnn>(shape); }

std::shared_ptr<Classifier> build_cnn_dropout(const ModelShape& shape) { return std::make_shared<CnnDropout>(shape); }

}  // namespace digitrec
