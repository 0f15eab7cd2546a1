#pragma once

#include "digitrec/infer/metrics.h"
#include "digitrec/run/run.h"
#include "digitrec/train/progress.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace digitrec {

/// What one network of a run did, epoch by epoch.
struct NetworkRecord {
  std::filesystem::path checkpoint{};
  std::vector<EpochMetrics> epochs{};
  int64_t best_epoch = 0;  ///< of the checkpoint
};

/// A run as a report shows it: what its folder holds, and its predictions for the rows it held back.
struct RunRecord {
  std::filesystem::path folder;
  std::string name;  ///< the folder's own
  TrainConfig config;
  std::vector<NetworkRecord> networks;
  std::map<std::string, std::string> environment{};  ///< versions, device and machine of the training
  Dataset dataset{};
  HeldOut held_out{};
  at::Tensor labels{};  ///< of the held-out rows, int64 [M]; undefined while the run is training
  Metrics metrics{};    ///< on them
};

/// Reads the run in `folder`, which was trained on `dataset`, and scores what it held back. Throws Error when the run
/// is not finished, the data is not its own, or nothing was held back.
RunRecord load_run(const std::filesystem::path& folder, const Dataset& dataset, const PredictorOptions& options);
/// The same with the data at `data`; empty: where the run read it.
RunRecord load_run(const std::filesystem::path& folder, const std::string& data, const PredictorOptions& options);

/// Inference on the device and in the precision that the configuration trains with.
PredictorOptions options_as_trained(const TrainConfig& config);

/// The rows of a metrics.csv. Throws Error.
std::vector<EpochMetrics> read_epoch_metrics(const std::filesystem::path& file);

}  // namespace digitrec
