#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/train/trainer.h"

#include <filesystem>
#include <memory>

namespace digitrec {

/// Writes what a run does as TensorBoard reads it, into `folder`: the columns of metrics.csv as scalars, the weights of
/// every layer as histograms and the first layer's also as an image, and the configuration as hyperparameters.
class TensorBoardWriter {
 public:
  /// `epochs_done`: of a run that goes on; what files of before tell of later ones is forgotten. Throws Error when the
  /// folder or file cannot be made.
  TensorBoardWriter(const std::filesystem::path& folder, const TrainConfig& config, int64_t epochs_done = 0);
  ~TensorBoardWriter();

  /// An epoch is done. Throws Error (disk full, say).
  void add(const EpochMetrics& metrics, const Checkpoint& network);
  /// The run is over.
  void finish(StopReason reason);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digitrec
