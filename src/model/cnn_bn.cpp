#include "model/families.h"

namespace digitrec {
namespace {

namespace nn = torch::nn;

/// Five padded convolutions with batch normalisation, channel dropout after each stage, and two hidden layers.
class CnnBn final : public Classifier {
 public:
  explicit CnnBn(const ModelShape& shape)
      : side1_(shape.image_size),
        side2_(side1_ / 2),
        side3_(side2_ / 2),
        conv1_(register_module("conv1", nn::Conv2d(conv3x3(1, 32, 1)))),
        bn1_(register_module("bn1", nn::BatchNorm2d(32))),
        conv2_(register_module("conv2", nn::Conv2d(conv3x3(32, 32, 1)))),
        bn2_(register_module("bn2", nn::BatchNorm2d(32))),
        dropout1_(register_module("dropout1", nn::Dropout2d(0.2))),
        conv3_(register_module("conv3", nn::Conv2d(conv3x3(32, 64, 1)))),
        bn3_(register_module("bn3", nn::BatchNorm2d(64))),
        conv4_(register_module("conv4", nn::Conv2d(conv3x3(64, 64, 1)))),
        bn4_(register_module("bn4", nn::BatchNorm2d(64))),
        dropout2_(register_module("dropout2", nn::Dropout2d(0.3))),
        conv5_(register_module("conv5", nn::Conv2d(conv3x3(64, 128, 1)))),
        bn5_(register_module("bn5", nn::BatchNorm2d(128))),
        dropout3_(register_module("dropout3", nn::Dropout2d(0.3))),
        fc1_(register_module("fc1", nn::Linear(128 * side3_ * side3_, 512))),
        bn6_(register_module("bn6", nn::BatchNorm1d(512))),
        dropout4_(register_module("dropout4", nn::Dropout(0.3))),
        fc2_(register_module("fc2", nn::Linear(512, 256))),
        bn7_(register_module("bn7", nn::BatchNorm1d(256))),
        dropout5_(register_module("dropout5", nn::Dropout(0.3))),
        fc3_(register_module("fc3", nn::Linear(256, shape.classes))) {}

  torch::Tensor forward(torch::Tensor x) override {
    x = bn1_(conv1_(x)).relu_();             // [N, 32, 28, 28] for 28 x 28
    x = dropout1_(pool_relu(bn2_(conv2_(x))));     // [N, 32, 14, 14]
    x = bn3_(conv3_(x)).relu_();             // [N, 64, 14, 14]
    x = dropout2_(pool_relu(bn4_(conv4_(x))));     // [N, 64, 7, 7]
    x = dropout3_(bn5_(conv5_(x)).relu_());  // [N, 128, 7, 7]
    x = dropout4_(bn6_(fc1_(x.flatten(1))).relu_());
    x = dropout5_(bn7_(fc2_(x)).relu_());
    return fc3_(x);
  }

  int64_t multiply_adds() const override {
    return multiply_adds_of(conv1_, side1_) + multiply_adds_of(conv2_, side1_) + multiply_adds_of(conv3_, side2_) +
           multiply_adds_of(conv4_, side2_) + multiply_adds_of(conv5_, side3_) + multiply_adds_of(fc1_) +
           multiply_adds_of(fc2_) + multiply_adds_of(fc3_);
  }

 private:
  int64_t side1_;
  int64_t side2_;
  int64_t side3_;
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
  nn::Dropout2d dropout1_;
  nn::Conv2d conv3_;
  nn::BatchNorm2d bn3_;
  nn::Conv2d conv4_;
  nn::BatchNorm2d bn4_;
  nn::Dropout2d dropout2_;
  nn::Conv2d conv5_;
  nn::BatchNorm2d bn5_;
  nn::Dropout2d dropout3_;
  nn::Linear fc1_;
  nn::BatchNorm1d bn6_;
  nn::Dropout dropout4_;
  nn::Linear fc2_;
  nn::BatchNorm1d bn7_;
  nn::Dropout dropout5_;
  nn::Linear fc3_;
};

}  // namespace

std::shared_ptr<Classifier> build_cnn_bn(const ModelShape& shape) { return std::make_shared<CnnBn>(shape); }

}  // namespace digitrec
