#pragma once

#include "digitrec/model/classifier.h"
#include "train/augment.h"
#include "train/optimizer.h"
#include "train/step_graph.h"

#include <ATen/core/Tensor.h>

#include <optional>

namespace digitrec {

/// Mean loss and accuracy over the batches of an epoch, summed on the device so that no batch waits for the host.
class RunningMean {
 public:
  explicit RunningMean(const at::Device& device);

  void reset();
  /// `loss`: the mean over the batch.
  void add(const at::Tensor& loss, const at::Tensor& logits, const at::Tensor& labels);
  /// The same on the CPU, of the rows' mean loss and how many were right.
  void add(float loss, int64_t correct, int64_t rows);

  // Each of these waits for the device.
  double loss(int64_t rows) const { return loss_.item<double>() / static_cast<double>(rows); }
  double accuracy(int64_t rows) const {
    return static_cast<double>(correct_.item<int64_t>()) / static_cast<double>(rows);
  }
  /// Batches before the first whose loss was not finite; all batches when every loss is finite.
  int64_t finite_batches() const { return finite_batches_.item<int64_t>(); }

  void save(TrainingState& state) const;
  void restore(const TrainingState& state);

 private:
  at::Tensor loss_;
  at::Tensor correct_;
  at::Tensor finite_batches_;
};

/// One training step: gather, augment, normalise, forward, loss, backward, clip, optimise.
class TrainStep {
 public:
  /// `images`, uint8 [N, S, S], and `labels`, int64 [N], hold all rows, on the model's device. `class_weights`: float32
  /// [classes], or undefined.
  TrainStep(std::shared_ptr<Classifier> model, const TrainConfig& config, at::Tensor images, at::Tensor labels,
            const Normalization& normalization, at::Tensor class_weights = {});

  /// Sets training mode and resets the mean loss and accuracy.
  void begin_epoch();
  /// Trains on the rows, int64 [B] on the device, at this learning rate. `seed` is that of their augmentation.
  void run(const at::Tensor& rows, double rate, uint64_t seed);

  /// Rows trained on in this epoch.
  int64_t rows() const { return rows_; }
  /// Mean loss over those rows, and accuracy over those among them that show a class, each row under the weights before
  /// its step. Both wait for the device.
  double loss() const { return mean_.loss(rows_); }
  double accuracy() const { return mean_.accuracy(labelled_); }
  /// The first batch of this epoch, from 0, whose loss is not finite; nothing when all are. Waits for the device.
  std::optional<int64_t> first_bad_batch() const;

  /// The network, the optimizer and the mean so far.
  void save(TrainingState& state) const;
  void restore(const TrainingState& state);

 private:
  at::Tensor load(const at::Tensor& rows, const at::Tensor& labels, uint64_t seed) const;
  /// At the learning rate `graph_rate_` if that is defined, else at `rate_`.
  void compute(const at::Tensor& x, const at::Tensor& y);
  /// The gradients of the loss; counts the batch.
  void backward(const at::Tensor& logits, const at::Tensor& labels);
  void launch_graph(const at::Tensor& x, const at::Tensor& y);

  std::shared_ptr<Classifier> model_;
  Optimizer optimizer_;
  double grad_clip_;
  double label_smoothing_;
  at::Tensor images_;
  at::Tensor labels_;
  Normalization normalization_;
  Augmentation augmentation_;
  at::Tensor class_weights_;
  RunningMean mean_;
  int64_t rows_ = 0;
  int64_t labelled_ = 0;
  int64_t batches_ = 0;
  double rate_ = 0;

  // On a GPU: a step on a full batch as one graph, and the images, labels and rate that it reads.
  StepGraph graph_;
  at::Tensor graph_images_;
  at::Tensor graph_labels_;
  at::Tensor graph_rate_;
  int64_t batch_size_;
  int64_t steps_before_graph_;  ///< -1: no graph is recorded
};

}  // namespace digitrec
