#include "page/live_page.h"

#include "core/atomic_file.h"
#include "digitrec/core/version.h"
#include "page/page.h"
#include "run/paths.h"

#include <spdlog/fmt/fmt.h>

namespace digitrec {

LivePage::LivePage(const TrainConfig& config, const Dataset& dataset) : dataset_(dataset) { run_.config = config; }

void LivePage::set_folder(const std::filesystem::path& folder) {
  run_.folder = folder;
  run_.name = RunPaths(folder).folder().filename().string();
  run_.config.out = folder.string();
}

void LivePage::keep(const MemberResult& member) {
  set_folder(member.member.run);
  const RunPaths paths(member.member.folder);
  run_.networks.push_back({paths.best(), read_epoch_metrics(paths.metrics())});
}

void LivePage::begin(const Member& member, const TrainStart& start) {
  set_folder(member.run);
  members_ = member.count;
  run_.environment = {{"program", version_line()}, {"device", start.device}, {"machine", start.machine}};
  run_.networks.push_back({{}, start.epochs, start.best_epoch});
}

void LivePage::on_epoch(const EpochMetrics& metrics, bool is_best, const Checkpoint& /*network*/) {
  NetworkRecord& record = run_.networks.back();
  record.epochs.push_back(metrics);
  if (is_best) record.best_epoch = metrics.epoch;
  write(report_page({run_}, "Still training: " + place() + " is done.", /*is_going=*/true));
}

void LivePage::end(const RunResult& result) {
  if (run_.networks.empty() || run_.networks.back().epochs.empty()) return;
  if (result.reason == StopReason::interrupted) {
    return write(report_page({run_}, "Interrupted after " + place() + "."));
  }
  const bool holds_back = run_.config.val_fraction > 0 || run_.config.folds > 0;
  write(report_page({holds_back ? load_run(run_.folder, dataset_, options_as_trained(run_.config)) : run_}));
}

std::string LivePage::place() const {
  const std::string which = members_ > 1 ? fmt::format("network {} of {}, ", run_.networks.size(), members_) : "";
  return fmt::format("{}epoch {} of {}", which, run_.networks.back().epochs.size(), run_.config.epochs);
}

void LivePage::write(const std::string& page) const { write_file(RunPaths(run_.folder).report(), page); }

}  // namespace digitrec
