#include "train/weight_average.h"

#include "model/batch_norm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_lerp.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace digitrec {

WeightAverage::WeightAverage(const TrainConfig& config, const CheckpointInfo& info, const Classifier& model,
                             const std::function<at::Tensor()>& images)
    : kind_(config.average),
      decay_(config.average_decay),
      every_(config.average_every),
      start_(config.average_start),
      normalization_(info.normalization) {
  if (kind_ == AverageKind::none) return;
  parameters_ = model.parameters();
  buffers_ = model.buffers();
  images_ = images();
  network_ = build_model(info.preset, info.shape);
  network_->to(images_.device());
  network_->set_execution(model.execution());
  if (config.freeze) network_->freeze_convolutions();
  mean_ = network_->parameters();
}

double WeightAverage::decay() const {
  const auto n = static_cast<double>(count_);
  if (kind_ == AverageKind::swa) return n / (n + 1);
  // A low decay at first, so that the weights of the first steps soon count little (as in TensorFlow's EMA).
  return count_ == 0 ? 0 : std::min(decay_, (1 + n) / (10 + n));
}

void WeightAverage::observe(int64_t step, int64_t steps_per_epoch) {
  if (kind_ == AverageKind::none) return;
  const bool has_begun = static_cast<double>(step + 1) > start_ * static_cast<double>(steps_per_epoch);
  if (!has_begun || (step + 1) % every_ != 0) return;
  at::NoGradGuard no_grad;
  at::_foreach_lerp_(mean_, parameters_, 1 - decay());
  ++count_;
}

const std::shared_ptr<Classifier>& WeightAverage::network() {
  if (measured_count_ == count_) return network_;
  // Frozen ones have the trained network's statistics, the others are measured.
  at::NoGradGuard no_grad;
  const std::vector<at::Tensor> own = network_->buffers();
  for (size_t i = 0; i < own.size(); ++i) own[i].copy_(buffers_[i]);
  measure_batch_norm(*network_, images_, normalization_);
  measured_count_ = count_;
  return network_;
}

void WeightAverage::save(TrainingState& state) const {
  if (kind_ == AverageKind::none) return;
  state.put_integer("average.count", count_);
  for (size_t i = 0; i < mean_.size(); ++i) state.put(fmt::format("average.{}", i), mean_[i]);
}

void WeightAverage::restore(const TrainingState& state) {
  if (kind_ == AverageKind::none) return;
  count_ = state.integer("average.count");
  measured_count_ = -1;
  for (size_t i = 0; i < mean_.size(); ++i) state.copy_to(fmt::format("average.{}", i), mean_[i]);
}

}  // namespace digitrec
