#pragma once

#include "checkpoint/training_state.h"
#include "digitrec/train/config.h"

namespace digitrec {

/// The learning rate of every step. All kinds but plateau are functions of the step alone; plateau also depends on the
/// validation losses.
class Schedule {
 public:
  Schedule(const TrainConfig& config, int64_t steps_per_epoch);

  /// The rate of step `step`, counted from 0 over the whole run.
  double rate(int64_t step) const;
  /// Plateau: multiplies the rate by gamma when the loss has not fallen for more than plateau_patience epochs, as
  /// PyTorch's ReduceLROnPlateau with threshold 0 does. The other kinds ignore the loss.
  void observe_epoch(double validation_loss);

  void save(TrainingState& state) const;
  void restore(const TrainingState& state);

 private:
  double scheduled(int64_t step) const;
  double one_cycle(int64_t step) const;

  TrainConfig config_;
  int64_t steps_per_epoch_;
  int64_t warmup_steps_;
  int64_t total_steps_;
  double plateau_rate_;
  double best_loss_;
  int64_t epochs_without_fall_ = 0;
};

}  // namespace digitrec
