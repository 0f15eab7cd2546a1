#pragma once

#include "digitrec/core/execution.h"
#include "digitrec/data/batches.h"
#include "digitrec/model/presets.h"

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace digitrec {

/// A network that tells classes apart. Parameters and buffers carry PyTorch's names (`conv1.weight`,
/// `bn1.running_mean`).
class Classifier : public torch::nn::Module {
 public:
  /// float32 [N, 1, S, S], normalised -> logits, float32 [N, classes].
  virtual torch::Tensor forward(torch::Tensor x) = 0;
  /// What each convolution hands on, its normalisation, ReLU and pooling done: float32 [N, C, S', S'] of x as above, in
  /// order; none of a network without convolutions.
  virtual std::vector<torch::Tensor> feature_maps(torch::Tensor x) = 0;
  /// Multiply-adds of one image's forward pass in convolutions and fully connected layers.
  virtual int64_t multiply_adds() const = 0;
  /// Of one image's training step: forward, for the weights' gradients, and for those of every layer's input but the
  /// first's.
  virtual int64_t training_multiply_adds() const = 0;

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
torch::Tensor compute_logits(Classifier& model, const torch::Tensor& images, const Normalization& normalization,
                             int64_t batch_size = 256);

/// Number of trainable values.
int64_t count_parameters(const Classifier& model);

}  // namespace digitrec
