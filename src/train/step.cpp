#include "train/step.h"

#include "checkpoint/contents.h"
#include "kernels/cross_entropy.h"
#include "train/loss.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cassert>
#include <cmath>

namespace digitrec {
namespace {

/// Steps that run before one is recorded: they make cuDNN's plans and the allocator's blocks.
constexpr int64_t kStepsBeforeGraph = 3;

}  // namespace

RunningMean::RunningMean(const at::Device& device)
    // Metal has no float64.
    : loss_(at::zeros({}, at::dtype(at::kDouble).device(device.is_mps() ? at::kCPU : device))),
      correct_(at::zeros({}, at::dtype(at::kLong).device(device))),
      finite_batches_(at::zeros_like(correct_)) {}

void RunningMean::reset() {
  loss_.zero_();
  correct_.zero_();
  finite_batches_.zero_();
}

void RunningMean::add(const at::Tensor& loss, const at::Tensor& logits, const at::Tensor& labels) {
  loss_.add_(loss.detach().to(loss_.device()), static_cast<double>(labels.size(0)));
  correct_.add_(logits.detach().argmax(1).eq(labels).sum());
  // A sum that is not finite stays so, which makes this the number of batches before the first bad one.
  finite_batches_.add_(loss_.isfinite().to(finite_batches_.device()));
}

void RunningMean::add(float loss, int64_t correct, int64_t rows) {
  assert(loss_.is_cpu());
  double& sum = *loss_.data_ptr<double>();
  sum += static_cast<double>(loss) * static_cast<double>(rows);
  *correct_.data_ptr<int64_t>() += correct;
  *finite_batches_.data_ptr<int64_t>() += std::isfinite(sum) ? 1 : 0;
}

void RunningMean::save(TrainingState& state) const {
  state.put("epoch.loss", loss_);
  state.put("epoch.correct", correct_);
  state.put("epoch.finite_batches", finite_batches_);
}

void RunningMean::restore(const TrainingState& state) {
  state.copy_to("epoch.loss", loss_);
  state.copy_to("epoch.correct", correct_);
  state.copy_to("epoch.finite_batches", finite_batches_);
}

TrainStep::TrainStep(std::shared_ptr<Classifier> model, const TrainConfig& config, at::Tensor images, at::Tensor labels,
                     const Normalization& normalization, at::Tensor class_weights)
    : model_(std::move(model)),
      optimizer_(model_->trainable_parameters(), config),
      grad_clip_(config.grad_clip),
      label_smoothing_(config.label_smoothing),
      images_(std::move(images)),
      labels_(std::move(labels)),
      normalization_(normalization),
      augmentation_(config.augmentation),
      class_weights_(std::move(class_weights)),
      mean_(images_.device()),
      batch_size_(config.batch_size),
      steps_before_graph_(config.detect_anomaly ? -1 : kStepsBeforeGraph) {
  if (StepGraph::is_available(images_.device())) {
    graph_rate_ = at::zeros({}, at::dtype(at::kFloat).device(images_.device()));
  }
}

void TrainStep::begin_epoch() {
  model_->train();
  mean_.reset();
  rows_ = labelled_ = 0;
  batches_ = 0;
}

std::optional<int64_t> TrainStep::first_bad_batch() const {
  const int64_t finite = mean_.finite_batches();
  return finite < batches_ ? std::optional(finite) : std::nullopt;
}

void TrainStep::save(TrainingState& state) const {
  for (const auto& [name, tensor] : network_state(*model_)) state.put("network." + name, tensor);
  optimizer_.save(state);
  mean_.save(state);
  state.put_integer("epoch.rows", rows_);
  if (augmentation_.outliers > 0) state.put_integer("epoch.labelled", labelled_);
  state.put_integer("epoch.batches", batches_);
}

void TrainStep::restore(const TrainingState& state) {
  for (const auto& [name, tensor] : network_state(*model_)) state.copy_to("network." + name, tensor);
  optimizer_.restore(state);
  mean_.restore(state);
  rows_ = state.integer("epoch.rows");
  labelled_ = augmentation_.outliers > 0 ? state.integer("epoch.labelled") : rows_;
  batches_ = state.integer("epoch.batches");
}

at::Tensor TrainStep::load(const at::Tensor& rows, const at::Tensor& labels, uint64_t seed) const {
  if (!augmentation_.any()) return gather_normalized(images_, rows, normalization_);
  return normalize_images(augment(images_.index_select(0, rows), labels, augmentation_, seed), normalization_);
}

void TrainStep::run(const at::Tensor& rows, double rate, uint64_t seed) {
  rate_ = rate;
  rows_ += rows.numel();
  ++batches_;
  const at::Tensor y = labels_.index_select(0, rows);
  const at::Tensor x = load(rows, y, seed);
  const int64_t outliers = augmentation_.count_outliers(rows.numel());
  if (outliers > 0) y.narrow(0, rows.numel() - outliers, outliers).fill_(-1);
  labelled_ += rows.numel() - outliers;
  if (graph_rate_.defined()) {
    graph_rate_.fill_(rate);
    const bool is_full = rows.numel() == batch_size_;
    if (is_full && steps_before_graph_ == 0) return launch_graph(x, y);
    if (is_full && steps_before_graph_ > 0) --steps_before_graph_;
  }
  compute(x, y);
}

void TrainStep::launch_graph(const at::Tensor& x, const at::Tensor& y) {
  if (!graph_.is_recorded()) {
    graph_images_ = x.clone();
    graph_labels_ = y.clone();
    graph_.record([this] { compute(graph_images_, graph_labels_); });
  }
  graph_images_.copy_(x);
  graph_labels_.copy_(y);
  graph_.launch();
}

void TrainStep::compute(const at::Tensor& x, const at::Tensor& y) {
  optimizer_.zero_grad();
  const at::Tensor logits = model_->forward(x);
  backward(logits, y);
  if (grad_clip_ > 0) clip_gradients(model_->trainable_parameters(), grad_clip_);
  graph_rate_.defined() ? optimizer_.step(graph_rate_) : optimizer_.step(rate_);
}

void TrainStep::backward(const at::Tensor& logits, const at::Tensor& labels) {
  if (logits.is_cpu()) {
    const kernels::CrossEntropy batch = kernels::cross_entropy(logits, labels, class_weights_, label_smoothing_);
    logits.backward(batch.gradient);
    return mean_.add(batch.loss, batch.correct, labels.size(0));
  }
  const at::Tensor loss = augmentation_.outliers > 0
                              ? loss_with_outliers(logits, labels, class_weights_, label_smoothing_)
                              : at::cross_entropy_loss(logits, labels, class_weights_, at::Reduction::Mean,
                                                       /*ignore_index=*/-100, label_smoothing_);
  loss.backward();
  mean_.add(loss, logits, labels);
}

}  // namespace digitrec
