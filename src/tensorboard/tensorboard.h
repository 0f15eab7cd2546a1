#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/run/run.h"

#include <filesystem>
#include <memory>
#include <utility>

namespace digitrec {

/// Writes a run's event files for TensorBoard into `folder`: the columns of metrics.csv as scalars, the weights of
/// every layer as histograms and the first layer's also as an image, and the configuration as hyperparameters.
class TensorBoardWriter {
 public:
  /// `epochs_done`: of a resumed run; TensorBoard drops what earlier files hold of later epochs. Throws Error when the
  /// folder or file cannot be made.
  TensorBoardWriter(const std::filesystem::path& folder, const TrainConfig& config, int64_t epochs_done = 0);
  ~TensorBoardWriter();

  /// Adds an epoch. Throws Error when the file cannot be written, as on a full disk.
  void add(const EpochMetrics& metrics, const Checkpoint& network);
  /// Marks the end of the run.
  void finish(StopReason reason);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes event files for every network of a run while it trains, into the tensorboard folder of each.
class TensorBoardObserver final : public RunObserver {
 public:
  explicit TensorBoardObserver(TrainConfig config) : config_(std::move(config)) {}

  void begin(const Member& member, const TrainStart& start) override;
  void on_epoch(const EpochMetrics& metrics, bool is_best, const Checkpoint& network) override;
  void end(const RunResult& result) override;

 private:
  TrainConfig config_;
  std::unique_ptr<TensorBoardWriter> board_;  ///< of the network in training
};

}  // namespace digitrec
