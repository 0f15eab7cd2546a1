#pragma once

#include "digitrec/model/classifier.h"
#include "digitrec/train/optimizer.h"

#include <torch/types.h>

namespace digitrec {

/// Sums over the batches of an epoch, kept on the device so that no batch waits for the host.
class RunningMean {
 public:
  explicit RunningMean(const torch::Device& device);

  void add(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& labels);

  // Each of these two waits for the device.
  double loss() const { return loss_.item<double>() / static_cast<double>(rows_); }
  double accuracy() const { return static_cast<double>(correct_.item<int64_t>()) / static_cast<double>(rows_); }
  int64_t rows() const { return rows_; }

 private:
  torch::Tensor loss_;
  torch::Tensor correct_;
  int64_t rows_ = 0;
};

/// What one batch does to a network: gather, normalise, forward, loss, backward, clip, optimise.
class TrainStep {
 public:
  /// `images`, uint8 [N, S, S], and `labels`, int64 [N], hold all rows, on the model's device. `class_weights`: float32
  /// [classes], or undefined.
  TrainStep(std::shared_ptr<Classifier> model, const TrainConfig& config, torch::Tensor images, torch::Tensor labels,
            const Normalization& normalization, torch::Tensor class_weights = {});

  /// Trains on the rows, int64 [B] on the device, at this learning rate.
  void run(const torch::Tensor& rows, double rate, RunningMean& mean);

 private:
  std::shared_ptr<Classifier> model_;
  Optimizer optimizer_;
  double grad_clip_;
  double label_smoothing_;
  torch::Tensor images_;
  torch::Tensor labels_;
  Normalization normalization_;
  torch::Tensor class_weights_;
};

}  // namespace digitrec
