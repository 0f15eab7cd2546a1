#pragma once

#include "checkpoint/training_state.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/model/classifier.h"
#include "digitrec/train/config.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

namespace digitrec {

/// The mean of a network's parameters over the steps of its training. Batch normalisation's statistics are not
/// averaged: those of the mean weights differ from the mean of the statistics, so they are measured again.
class WeightAverage {
 public:
  /// `images` returns training rows, uint8 [M, S, S] on the device of `model`, to measure batch normalisation with. It
  /// is not called with AverageKind::none, where the mean stays empty.
  WeightAverage(const TrainConfig& config, const CheckpointInfo& info, const Classifier& model,
                const std::function<at::Tensor()>& images);

  /// Call after each step, `step` counted from 0 over the run: updates the mean when an update is due.
  void observe(int64_t step, int64_t steps_per_epoch);

  bool is_empty() const { return count_ == 0; }
  /// A network with the mean weights in evaluation mode, which the next call changes. The mean must not be empty.
  const std::shared_ptr<Classifier>& network();

  void save(TrainingState& state) const;
  void restore(const TrainingState& state);

 private:
  double decay() const;

  AverageKind kind_;
  double decay_;
  int64_t every_;
  double start_;
  std::vector<at::Tensor> parameters_;  ///< the trained network's own
  std::vector<at::Tensor> buffers_;     ///< likewise
  std::vector<at::Tensor> mean_;        ///< those of network_
  std::shared_ptr<Classifier> network_;
  at::Tensor images_;
  Normalization normalization_;
  int64_t count_ = 0;           ///< weights in the mean
  int64_t measured_count_ = 0;  ///< `count_` when batch normalisation was last measured
};

}  // namespace digitrec
