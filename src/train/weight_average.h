#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/checkpoint/training_state.h"
#include "digitrec/model/classifier.h"
#include "digitrec/train/config.h"

#include <torch/types.h>

#include <memory>
#include <vector>

namespace digitrec {

/// The mean of a network's parameters over the steps of its training. Batch normalisation's statistics are not
/// averaged: those of the mean weights are others than the mean of the statistics, so they are measured anew.
class WeightAverage {
 public:
  /// `images`, uint8 [M, S, S] on the device of `model`: rows that are trained on, to measure batch normalisation with.
  WeightAverage(const TrainConfig& config, const CheckpointInfo& info, const Classifier& model, torch::Tensor images);

  /// Takes in the weights after the step that came as number `step` of the run, counted from 0, if it is their turn.
  void observe(int64_t step, int64_t steps_per_epoch);

  bool is_empty() const { return count_ == 0; }
  /// A network of the mean weights in evaluation mode; the next call changes it. Not to be asked while empty.
  const std::shared_ptr<Classifier>& network();

  void save(TrainingState& state) const;
  void restore(const TrainingState& state);

 private:
  double decay() const;

  AverageKind kind_;
  double decay_;
  int64_t every_;
  double start_;
  std::vector<torch::Tensor> parameters_;  ///< the trained network's own
  std::vector<torch::Tensor> mean_;        ///< those of network_
  std::shared_ptr<Classifier> network_;
  torch::Tensor images_;
  Normalization normalization_;
  int64_t count_ = 0;           ///< weights in the mean
  int64_t measured_count_ = 0;  ///< at the last measurement of batch normalisation
};

}  // namespace digitrec
