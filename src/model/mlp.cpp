#include "model/families.h"

namespace digitrec {
namespace {

/// Fully connected layers with ReLU between them: fc1, fc2, ... of the given hidden widths, then one to the classes.
class Mlp final : public Classifier {
 public:
  Mlp(const ModelShape& shape, const std::vector<int64_t>& hidden) {
    int64_t in = shape.image_size * shape.image_size;
    for (const int64_t width : hidden) {
      add_layer(in, width);
      in = width;
    }
    add_layer(in, shape.classes);
  }

  torch::Tensor forward(torch::Tensor x) override {
    x = x.flatten(1);
    for (size_t i = 0; i + 1 < layers_.size(); ++i) x = layers_[i](x).relu_();
    return layers_.back()(x);
  }

  int64_t multiply_adds() const override {
    int64_t total = 0;
    for (const auto& layer : layers_) total += multiply_adds_of(layer);
    return total;
  }

 private:
  void add_layer(int64_t in, int64_t out) {
    const std::string name = "fc" + std::to_string(layers_.size() + 1);
    layers_.push_back(register_module(name, torch::nn::Linear(in, out)));
  }

  std::vector<torch::nn::Linear> layers_;
};

}  // namespace

std::shared_ptr<Classifier> build_mlp_128(const ModelShape& shape) {
  return std::make_shared<Mlp>(shape, std::vector<int64_t>{128});
}

std::shared_ptr<Classifier> build_mlp(const ModelShape& shape) {
  return std::make_shared<Mlp>(shape, std::vector<int64_t>{256, 128});
}

}  // namespace digitrec
