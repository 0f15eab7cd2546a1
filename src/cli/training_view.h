#pragma once

#include "cli/progress.h"
#include "cli/table.h"
#include "digitrec/data/dataset.h"
#include "digitrec/train/members.h"
#include "digitrec/train/trainer.h"

#include <string>
#include <vector>

namespace digitrec::cli {

/// A run as the terminal shows it: what it starts with, a row of a table for each epoch, a progress line below.
class TrainingView {
 public:
  explicit TrainingView(const TrainConfig& config);

  /// `device`, `precision`: what was chosen, and why.
  void begin(const TrainStart& start, const Dataset& dataset, const std::string& device, const std::string& precision);
  /// Where a network that goes on does so.
  void resume(const TrainStart& start);
  void draw(const BatchProgress& progress);
  void add(const EpochMetrics& metrics, bool is_best);

  /// The outcome, on stdout.
  void finish(const TrainResult& result);
  /// The outcome of folds or an ensemble.
  void finish(const MembersResult& result, const Dataset& dataset);

 private:
  const TrainConfig& config_;
  Table table_;
  ProgressLine line_;
  std::vector<double> losses_;  ///< in this epoch
  int64_t validation_rows_ = 0;
};

}  // namespace digitrec::cli
