#pragma once

#include "digitrec/report/run_record.h"
#include "digitrec/report/tensorboard.h"

#include <filesystem>
#include <optional>

namespace digitrec::cli {

/// What may be kept up to date while a run goes on: report.html in its folder, and event files for TensorBoard in the
/// folder of each network.
class Followers {
 public:
  Followers(const TrainConfig& config, bool page, bool tensorboard);

  /// The network in `folder` was trained by an earlier call and is kept.
  void keep_network(const std::filesystem::path& folder);
  /// The training of the network in `folder` begins.
  void begin_network(const std::filesystem::path& folder, const TrainStart& start);
  /// An epoch is done. `network`: what it is validated and saved with. Throws Error when a file cannot be written.
  void add(const EpochMetrics& metrics, bool is_best, const Checkpoint& network);
  /// The run on `dataset` is over; where it was not cut short the whole report takes the page's place. Throws Error.
  void finish(StopReason reason, const Dataset& dataset);

 private:
  /// "network 2 of 5, epoch 3 of 10"
  std::string place() const;

  bool page_;
  bool tensorboard_;
  RunRecord run_;  ///< as far as it has come
  std::filesystem::path network_folder_;
  std::optional<TensorBoardWriter> board_;
};

}  // namespace digitrec::cli
