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
  std::string name;   ///< as in a state_dict
  at::Tensor tensor;  ///< the network's own, not a copy
};

/// A network that classifies images. It is built of LibTorch's modules, but this header includes none of theirs, which
/// take ten seconds to parse.
class Classifier {
 public:
  virtual ~Classifier() = default;

  /// float32 [N, 1, S, S], normalised -> logits, float32 [N, classes].
  virtual at::Tensor forward(at::Tensor x) = 0;
  /// The output of each convolution after normalisation, ReLU and pooling, float32 [N, C, S', S'], in order; empty for
  /// a network without convolutions. `x` as in forward().
  virtual std::vector<at::Tensor> feature_maps(at::Tensor x) = 0;
  /// Multiply-adds of one image's forward pass in convolutions and fully connected layers.
  virtual int64_t multiply_adds() const = 0;
  /// Multiply-adds of one image's training step: forward, the gradients of the weights, and those of every layer's
  /// input but the first's.
  virtual int64_t training_multiply_adds() const = 0;

  /// The module whose children are the layers; include <torch/nn/module.h> to use it.
  virtual torch::nn::Module& module() = 0;

  /// The trainable tensors in the order of the layers; not copies.
  virtual std::vector<NamedTensor> named_parameters() const = 0;
  /// The tensors that are saved but not trained, such as batch normalisation's running statistics; not copies.
  virtual std::vector<NamedTensor> named_buffers() const = 0;
  /// named_parameters() without the names.
  std::vector<at::Tensor> parameters() const;
  /// named_buffers() without the names.
  std::vector<at::Tensor> buffers() const;
  /// Those of parameters() that are not frozen.
  std::vector<at::Tensor> trainable_parameters() const;

  /// Moves parameters and buffers to the device.
  virtual void to(at::Device device) = 0;
  /// Sets training mode: dropout is on, and batch normalisation uses the statistics of the batch.
  void train() { set_training(true); }
  /// Sets evaluation mode: no dropout, and batch normalisation uses the running statistics.
  void eval() { set_training(false); }
  /// Sets training or evaluation mode.
  virtual void set_training(bool on) = 0;
  /// Whether the network is in training mode, as it is when built.
  virtual bool is_training() const = 0;

  /// From now on the convolutions compute as in evaluation mode, also in training: without gradients, without dropout,
  /// and by the running statistics of their batch normalisations, which stay as they are.
  virtual void freeze_convolutions() = 0;

  /// Sets precision and kernels from the next forward pass on.
  void set_execution(const Execution& execution) { execution_ = execution; }
  /// Precision and kernels of the forward pass.
  const Execution& execution() const { return execution_; }

 private:
  Execution execution_;
};

/// Builds a preset with newly initialised parameters (PyTorch's defaults, from LibTorch's global generator) in
/// channels-last memory order. Throws UsageError for an unknown name, and Error when the images are too small or large
/// or the classes too many for it.
std::shared_ptr<Classifier> build_model(const std::string& name, const ModelShape& shape);

/// Logits, float32 [N, classes], of uint8 images [N, S, S]; both on the model's device. Runs in evaluation mode without
/// gradients, `batch_size` images at a time, and leaves the model in the mode it was in.
at::Tensor compute_logits(Classifier& model, const at::Tensor& images, const Normalization& normalization,
                          int64_t batch_size = 256);

/// Number of trainable values.
int64_t count_parameters(const Classifier& model);

}  // namespace digitrec
