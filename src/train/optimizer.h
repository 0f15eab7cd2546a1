#pragma once

#include "checkpoint/training_state.h"
#include "digitrec/train/config.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

namespace digitrec {

/// Adam (Kingma and Ba 2014), AdamW (Loshchilov and Hutter 2017) or SGD with momentum, stepping all parameters in one
/// kernel: Adam's on the CPU is ours, the others are LibTorch's. Same arithmetic and defaults as torch.optim: betas .9
/// and .999, epsilon 1e-8.
class Optimizer {
 public:
  Optimizer(std::vector<at::Tensor> parameters, const TrainConfig& config);

  /// Moves the parameters along their gradients. Parameters without a gradient do not change.
  void step(double rate);
  /// The same with the rate as a float32 scalar on the parameters' device, for a step that is recorded as a graph: its
  /// rate changes from launch to launch.
  void step(const at::Tensor& rate);
  void zero_grad();

  void save(TrainingState& state) const;
  void restore(const TrainingState& state);

 private:
  /// Steps by our own kernel where it takes the parameters; says whether it did.
  bool step_by_kernels(double rate);
  template <class Rate>
  void apply(const Rate& rate);
  std::map<std::string, const std::vector<at::Tensor>*> tensors_by_name() const;

  std::vector<at::Tensor> parameters_;
  OptimizerKind kind_;
  double weight_decay_;
  double momentum_;
  bool first_step_ = true;
  std::vector<at::Tensor> first_moments_;  ///< sgd: momentum buffers
  std::vector<at::Tensor> second_moments_;
  std::vector<at::Tensor> steps_;  ///< float scalars, as the fused kernels take them
};

/// Scales all gradients so that their common L2 norm is at most `max_norm`, without waiting for the device.
void clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm);

}  // namespace digitrec
