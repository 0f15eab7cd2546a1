#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/data/batches.h"
#include "digitrec/data/split.h"
#include "digitrec/model/classifier.h"
#include "digitrec/train/config.h"

#include <torch/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// One row of metrics.csv. Accuracies are fractions of 1; without validation rows those two fields are NaN.
struct EpochMetrics {
  int64_t epoch = 0;  ///< counted from 1
  double train_loss = 0;
  double train_accuracy = 0;  ///< of the batches as they were trained on, dropout included
  double val_loss = 0;
  double val_accuracy = 0;
  double lr = 0;       ///< of the epoch's last step
  double seconds = 0;  ///< of training alone
  double images_per_second = 0;
};

/// What is known before the first step.
struct TrainStart {
  std::string device;
  std::string machine;  ///< the processor or GPU behind it, and the number of threads
  int64_t train_rows = 0;
  int64_t validation_rows = 0;
  int64_t leaked_rows = 0;  ///< validation rows whose image, or nearly the same, is among the training rows
  ModelShape shape;
  int64_t parameters = 0;
  Normalization normalization;
  std::vector<EpochMetrics> epochs;  ///< of a run that goes on: those it had completed
  int64_t batches = 0;               ///< likewise: done of the next
  int64_t best_epoch = 0;            ///< likewise: the best of them, from 1; 0: none
  std::string damage;                ///< likewise: what could not be used of what it had saved
};

/// Where an epoch is; sent a few times a second.
struct BatchProgress {
  int64_t epoch = 0;
  int64_t epochs = 0;
  int64_t batch = 0;  ///< batches done in this epoch
  int64_t batches = 0;
  double loss = 0;      ///< mean over the epoch so far
  double accuracy = 0;  ///< likewise
  double images_per_second = 0;
  double seconds_left = 0;  ///< of training, should all epochs run
};

/// What the trainer tells its caller, and asks it. Any may be left empty.
struct TrainEvents {
  std::function<void(const TrainStart&)> on_start;
  std::function<void(const BatchProgress&)> on_batch;
  /// `network`: what the epoch is validated and saved with, on the device.
  std::function<void(const EpochMetrics&, bool is_best, const Checkpoint& network)> on_epoch;
  std::function<bool()> should_stop;  ///< asked after each batch; true ends the run with what it has, saved
};

enum class StopReason { finished, patience, max_seconds, interrupted };

struct TrainResult {
  StopReason reason = StopReason::finished;
  std::filesystem::path folder;
  int64_t epochs = 0;                ///< epochs completed
  std::optional<EpochMetrics> best;  ///< of the epoch in best.safetensors; empty when none was completed
  double seconds = 0;                ///< of training alone
};

/// The rows that `train` trains on and those it only validates on; a function of labels, fraction and seed.
Split training_split(const TrainConfig& config, const Dataset& dataset);

/// Whether a run is new or goes on.
enum class Start { anew, resumed };

/// Trains on part of `dataset` as `config` says, validates on the rest after each epoch, and fills the run folder
/// `folder`: config.toml, metrics.csv, best.safetensors, last.safetensors, state.safetensors, summary.json.
///
/// The best epoch is the one with the highest validation accuracy, the lower validation loss deciding between equals;
/// without validation rows it is the last. Nothing is made before the data, model and device have proved to be sound.
/// Throws Error; what had been saved by then stays.
///
/// Anew, the folder must not hold anything yet. A run that is resumed was cut short there or is to have more epochs:
/// its weights become, bit for bit, those it would have had in one go, given the same data, machine and settings.
/// `config` is then the run's own (read_run_config), of which `epochs`, `max_seconds` and where the data lies may
/// differ; a run that is complete is left as it is. Throws Error, also when the data is another.
TrainResult train(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                  const TrainEvents& events, Start start = Start::anew);

}  // namespace digitrec
