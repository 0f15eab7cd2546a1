#pragma once

#include "digitrec/run/run.h"
#include "run/record.h"

#include <filesystem>
#include <string>

namespace digitrec {

/// Keeps report.html in a run's folder up to date while it trains.
class LivePage final : public RunObserver {
 public:
  /// `dataset`: the training data; it must outlive the page.
  LivePage(const TrainConfig& config, const Dataset& dataset);

  void keep(const MemberResult& member) override;
  void begin(const Member& member, const TrainStart& start) override;
  void on_epoch(const EpochMetrics& metrics, bool is_best, const Checkpoint& network) override;
  /// Replaces the page with the full report, unless the run was interrupted.
  void end(const RunResult& result) override;

 private:
  void set_folder(const std::filesystem::path& folder);
  /// "network 2 of 5, epoch 3 of 10"
  std::string place() const;
  void write(const std::string& page) const;

  const Dataset& dataset_;
  RunRecord run_;  ///< what is known of the run so far
  int64_t members_ = 1;
};

}  // namespace digitrec
