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
  int64_t batches = 0;               ///< done of the epoch after them
  double batch_seconds = 0;          ///< that they took
  int64_t best_epoch = 0;            ///< the one in best.safetensors, from 1; 0: none yet
  int64_t epochs_without_best = 0;   ///< since then
  double complete_seconds = 0;       ///< that the complete epochs took

  /// The epoch under way, from 1.
  int64_t epoch() const { return static_cast<int64_t>(epochs.size()) + 1; }
  std::optional<EpochMetrics> best() const;
  /// Of training.
  double seconds() const { return complete_seconds + batch_seconds; }

  void complete_epoch(const EpochMetrics& metrics, bool is_best);

  void save(TrainingState& state) const;
  /// Throws Error when what it finds cannot be.
  void restore(const TrainingState& state);

  /// Why there is nothing left to train; nothing where there is.
  std::optional<StopReason> reason_to_end(const TrainConfig& config) const;
};

/// Notes what a run that is resumed must have been begun with: its rows, and the settings that stay.
void save_identity(const TrainingRows& rows, const TrainConfig& config, TrainingState& state);
/// Throws Error when the state in the folder `run` was begun with others, and UsageError when it has come further than
/// the configuration asks for.
void require_same_run(const TrainingState& state, const TrainingRows& rows, const TrainConfig& config,
                      const std::string& run);

/// metrics.csv: a row for each epoch.
std::string metrics_csv(const std::vector<EpochMetrics>& epochs);

}  // namespace digitrec
