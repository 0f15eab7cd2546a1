#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace digitrec {
namespace {

/// Half a cosine from `from` at progress 0 to `to` at progress 1.
double cosine(double from, double to, double progress) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * std::clamp(progress, 0.0, 1.0))) / 2;
}

}  // namespace

Schedule::Schedule(const TrainConfig& config, int64_t steps_per_epoch)
    : config_(config),
      steps_per_epoch_(steps_per_epoch),
      warmup_steps_(std::llround(config.warmup_epochs * static_cast<double>(steps_per_epoch))),
      total_steps_(config.epochs * steps_per_epoch),
      plateau_rate_(config.lr),
      best_loss_(std::numeric_limits<double>::infinity()) {}

double Schedule::rate(int64_t step) const {
  if (step < warmup_steps_) return config_.lr * static_cast<double>(step + 1) / static_cast<double>(warmup_steps_);
  return scheduled(step - warmup_steps_);
}

double Schedule::scheduled(int64_t step) const {
  const double span = static_cast<double>(std::max<int64_t>(1, total_steps_ - warmup_steps_));
  const double progress = static_cast<double>(step) / span;
  switch (config_.schedule) {
    case ScheduleKind::constant:
      return config_.lr;
    case ScheduleKind::step: {
      const int64_t reductions = step / (config_.step_epochs * steps_per_epoch_);
      return config_.lr * std::pow(config_.gamma, static_cast<double>(reductions));
    }
    case ScheduleKind::cosine:
      return cosine(config_.lr, config_.min_lr, progress);
    case ScheduleKind::one_cycle:
      return one_cycle(step);
    case ScheduleKind::plateau:
      return plateau_rate_;
  }
  return config_.lr;
}

double Schedule::one_cycle(int64_t step) const {
  // Smith and Topin 2018, with the defaults and the exact steps of PyTorch's OneCycleLR: 30% of the steps rise from
  // lr/25 to lr, the rest fall to lr/250,000, both along a cosine. The momentum does not change.
  const double start = config_.lr / 25;
  const double end = start / 1e4;
  const auto steps = static_cast<double>(std::max<int64_t>(2, total_steps_ - warmup_steps_));
  const double peak = 0.3 * steps - 1;
  const auto at = static_cast<double>(step);
  if (at <= peak) return cosine(start, config_.lr, at / peak);
  return cosine(config_.lr, end, (at - peak) / (steps - 1 - peak));
}

void Schedule::observe_epoch(double validation_loss) {
  if (config_.schedule != ScheduleKind::plateau) return;
  if (validation_loss < best_loss_) {
    best_loss_ = validation_loss;
    epochs_without_fall_ = 0;
  } else if (++epochs_without_fall_ > config_.plateau_patience) {
    plateau_rate_ = std::max(plateau_rate_ * config_.gamma, std::min(config_.min_lr, plateau_rate_));
    epochs_without_fall_ = 0;
  }
}

void Schedule::save(TrainingState& state) const {
  state.put_number("schedule.plateau_rate", plateau_rate_);
  state.put_number("schedule.best_loss", best_loss_);
  state.put_integer("schedule.epochs_without_fall", epochs_without_fall_);
}

void Schedule::restore(const TrainingState& state) {
  plateau_rate_ = state.number("schedule.plateau_rate");
  best_loss_ = state.number("schedule.best_loss");
  epochs_without_fall_ = state.integer("schedule.epochs_without_fall");
}

}  // namespace digitrec
