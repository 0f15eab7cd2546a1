#pragma once

#include "checkpoint/safetensors.h"
#include "checkpoint/training_state.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/train/progress.h"
#include "train/batches.h"
#include "train/plan.h"
#include "train/progress.h"
#include "train/schedule.h"
#include "train/step.h"
#include "train/validation.h"
#include "train/weight_average.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// What is saved together, before the first batch, after an epoch or within one.
struct TrainingFiles {
  SafeTensors network{};               ///< of this epoch; empty before its end
  bool is_best = false;                ///< this network is the best so far
  std::vector<EpochMetrics> epochs{};  ///< all rows of metrics.csv
  TrainingState state{};
  bool is_start = false;  ///< before the first batch: nothing is trained yet
};

/// Where a Trainer saves what it can resume from. Files may be written while training continues.
class TrainingStore {
 public:
  virtual ~TrainingStore() = default;
  /// Begins to write the files, after it has waited for earlier ones. Throws Error when those could not be written.
  virtual void save(TrainingFiles files) = 0;
  /// Waits for the last files. Throws Error when they could not be written.
  virtual void wait() = 0;
  /// Throws Error when writing has failed by now; does not wait.
  virtual void check() = 0;
  /// The checkpoint of the best epoch, for messages.
  virtual std::filesystem::path best() const = 0;
};

/// Functions that a Trainer calls. Each may be empty.
struct TrainEvents {
  std::function<void(const BatchProgress&)> on_batch;
  /// `network`: the network that was validated and is saved, on the device.
  std::function<void(const EpochMetrics&, bool is_best, const Checkpoint& network)> on_epoch;
  std::function<bool()> should_stop;  ///< called after each batch; true saves what is trained and ends
};

/// How the training of one network ended.
struct TrainResult {
  StopReason reason = StopReason::finished;
  int64_t epochs = 0;                ///< epochs completed
  std::optional<EpochMetrics> best;  ///< of the epoch kept as the best; empty when none was completed
  double seconds = 0;                ///< of training alone
};

/// Trains one network as its plan says. It knows neither folders nor files: it saves to a TrainingStore.
///
/// The best epoch is the one with the highest validation accuracy, the lower validation loss deciding between equals;
/// without validation rows, or with SelectKind::last, it is the last.
class Trainer {
 public:
  /// Builds the network and moves it and all rows to the device. Throws UsageError and Error.
  explicit Trainer(TrainPlan plan);

  /// Begins from the weights that the configuration names, if it does: for a training that has no state to resume from.
  /// Throws Error, see load_initial_weights().
  void initialize();
  /// Resumes from a state that was saved in the folder `run`: the weights become, bit for bit, those of a training that
  /// was never interrupted, given the same data, machine and settings; start() tells where they are not the same.
  /// Throws Error when rows or settings differ.
  void resume(TrainingState state, const std::string& run);
  /// The best epoch so far, from 1; 0: none.
  int64_t best_epoch() const { return progress_.best_epoch; }
  /// Sets an earlier epoch, or none, as the best when the checkpoint of the best is lost.
  void set_best_epoch(int64_t epoch) { progress_.best_epoch = epoch; }

  TrainStart start() const;
  /// Trains all epochs that remain. Throws Error; what was saved by then stays.
  TrainResult run(TrainingStore& store, const TrainEvents& events);

 private:
  /// All rows, on the device.
  struct Rows {
    at::Tensor images;  ///< uint8 [N, S, S]
    at::Tensor labels;  ///< int64 [N]
  };

  EpochMetrics train_epoch(TrainingStore& store, const TrainEvents& events, StopReason& reason);
  void train_batch(int64_t epoch, int64_t batch, const at::Tensor& order);
  StopReason reason_to_stop(const TrainEvents& events) const;
  void report(const TrainEvents& events, int64_t epoch, double speed) const;
  bool is_time_to_save(int64_t step, double elapsed, double& next_save) const;
  void finish_early(EpochMetrics& metrics, TrainResult& result, TrainingStore& store, const TrainEvents& events);
  void end_epoch(const EpochMetrics& metrics, bool is_best, const std::vector<EpochMetrics>& rows, TrainingState state,
                 TrainingStore& store, const TrainEvents& events);

  TrainingState state() const;
  void restore_within_epoch(const TrainingState& state);

  const std::shared_ptr<Classifier>& result_network();
  SafeTensors network_contents(const EpochMetrics& metrics);

  void require_finite_loss(int64_t epoch) const;
  void require_finite_weights(int64_t epoch) const;
  [[noreturn]] void fail_not_finite(const std::string& what) const;

  TrainPlan plan_;
  BatchSampler sampler_;
  Schedule schedule_;
  CheckpointInfo info_;
  std::shared_ptr<Classifier> model_;
  Rows rows_;
  Validation validation_;
  TrainStep step_;
  WeightAverage average_;
  RunProgress progress_;
  std::string initial_;                        ///< what it began from, see TrainStart
  std::string changes_;                        ///< resumed: since the state was saved, see TrainStart
  std::optional<TrainingState> within_epoch_;  ///< resumed within an epoch: its state, until that epoch starts
  std::filesystem::path best_;                 ///< for messages
};

}  // namespace digitrec
