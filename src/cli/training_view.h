#pragma once

#include "cli/progress.h"
#include "cli/table.h"
#include "digitrec/data/dataset.h"
#include "digitrec/run/run.h"

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec::cli {

/// Shows a run in the terminal and its log: what it starts with, a table row for each epoch, a progress line below, and
/// the outcome on stdout.
class TrainingView final : public RunObserver {
 public:
  /// `device`, `precision`: what was chosen, and why. `config` and `dataset` must outlive the view.
  TrainingView(const TrainConfig& config, const Dataset& dataset, std::string device, std::string precision);

  void keep(const MemberResult& member) override;
  void begin(const Member& member, const TrainStart& start) override;
  void on_batch(const BatchProgress& progress) override;
  void on_epoch(const EpochMetrics& metrics, bool is_best, const Checkpoint& network) override;
  void end(const RunResult& result) override;

 private:
  void begin_run(const TrainStart& start);
  void print_outcome(const MemberResult& result) const;
  void print_outcome_of_several(const RunResult& result) const;
  void log_next_step() const;

  const TrainConfig& config_;
  const Dataset& dataset_;
  std::filesystem::path run_;  ///< its folder, once that is known
  std::string device_;
  std::string precision_;
  Table table_;
  ProgressLine line_;
  bool has_begun_ = false;
  bool is_crowd_said_ = false;
  std::vector<double> losses_;  ///< in this epoch
  int64_t validation_rows_ = 0;
};

}  // namespace digitrec::cli
