#pragma once

#include "digitrec/core/execution.h"
#include "digitrec/data/normalization.h"
#include "digitrec/model/presets.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace torch::nn {
class Module;
}

namespace digitrec {

/// A tensor of a network under PyTorch's name for it: `conv1.weight`, `bn1.running_mean`.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// A network that tells classes apart. It is built of LibTorch's modules, but this header needs none of theirs, which
/// take ten seconds to parse.
class Classifier {
 public:
  virtual ~Classifier() = default;

  /// float32 [N, 1, S, S], normalised -> logits, float32 [N, classes].
  virtual at::Tensor forward(at::Tensor x) = 0;
  /// What each convolution hands on, its normalisation, ReLU and pooling done: float32 [N, C, S', S'] of x as above, in
  /// order; none of a network without convolutions.
  virtual std::vector<at::Tensor> feature_maps(at::Tensor x) = 0;
  /// Multiply-adds of one image's forward pass in convolutions and fully connected layers.
  virtual int64_t multiply_adds() const = 0;
  /// Of one image's training step: forward, for the weights' gradients, and for those of every layer's input but the
  /// first's.
  virtual int64_t training_multiply_adds() const = 0;

  /// The module whose children are the layers; include <torch/nn/module.h> to use it.
  virtual torch::nn::Module& module() = 0;

  /// What is trained, and what is counted or measured beside it, in the order of the layers; not copies.
  std::vector<NamedTensor> named_parameters() const;
  std::vector<NamedTensor> named_buffers() const;
  std::vector<at::Tensor> parameters() const;
  std::vector<at::Tensor> buffers() const;

  void to(at::Device device);
  /// In training mode dropout drops and batch normalisation uses the statistics of the batch.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const;

  void set_execution(const Execution& execution) { execution_ = execution; }
  const Execution& execution() const { return execution_; }

 private:
  Execution execution_;
};

/// Builds a preset with freshly initialised parameters (PyTorch's defaults, from LibTorch's global generator) in
/// channels-last memory order. Throws Error when the images are too small or the classes too many for it.
std::shared_ptr<Classifier> build_model(const std::string& name, const ModelShape& shape);

/// Logits, float32 [N, classes], of uint8 images [N, S, S]; both on the model's device. Runs in evaluation mode without
/// gradients, `batch_size` images at a time, and leaves the model in the mode it was in.
at::Tensor compute_logits(Classifier& model, const at::Tensor& images, const Normalization& normalization,
                          int64_t batch_size = 256);

/// Number of trainable values.
int64_t count_parameters(const Classifier& model);

}  // namespace digitrec
