#pragma once

#include "checkpoint/training_state.h"
#include "digitrec/train/progress.h"
#include "train/training_rows.h"

#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// How far a run has come.
struct RunProgress {
  std::vector<EpochMetrics> epochs;  ///< those that are complete, in order
  int64_t batches = 0;               ///< batches done of the next epoch
  double batch_seconds = 0;          ///< training time of those batches
  int64_t best_epoch = 0;            ///< the epoch in best.safetensors, from 1; 0: none yet
  int64_t epochs_without_best = 0;   ///< complete epochs after the best
  double complete_seconds = 0;       ///< training time of the complete epochs

  /// The epoch that is training or comes next, from 1.
  int64_t epoch() const { return static_cast<int64_t>(epochs.size()) + 1; }
  std::optional<EpochMetrics> best() const;
  /// Training time.
  double seconds() const { return complete_seconds + batch_seconds; }

  void complete_epoch(const EpochMetrics& metrics, bool is_best);

  void save(TrainingState& state) const;
  /// After early stopping, more epochs than the state's training was to have are a new start for its patience. Throws
  /// Error when the state is not consistent.
  void restore(const TrainingState& state, const TrainConfig& config);

  /// Why training is complete; nothing when it is not.
  std::optional<StopReason> reason_to_end(const TrainConfig& config) const;
};

/// Notes what must not change when the run is resumed, its rows and its fixed settings, and what is said when it
/// changes: its number of epochs and the `machine` that it trains on.
void save_identity(const TrainingRows& rows, const TrainConfig& config, const std::string& machine,
                   TrainingState& state);
/// Throws Error when the state in the folder `run` is of other rows or settings, and UsageError when it has more epochs
/// than the configuration asks for.
void require_same_run(const TrainingState& state, const TrainingRows& rows, const TrainConfig& config,
                      const std::string& run);

/// What has changed since the state was saved, so that the weights are not those of a run in one go; empty: nothing.
std::string describe_changes(const TrainingState& state, const TrainConfig& config, const std::string& machine);

/// metrics.csv: a row for each epoch.
std::string metrics_csv(const std::vector<EpochMetrics>& epochs);

}  // namespace digitrec
