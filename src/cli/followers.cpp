#include "cli/followers.h"

#include "digitrec/core/device.h"
#include "digitrec/core/file.h"
#include "digitrec/core/version.h"
#include "digitrec/report/page.h"

#include <spdlog/fmt/fmt.h>

namespace digitrec::cli {

Followers::Followers(const TrainConfig& config, bool page, bool tensorboard) : page_(page), tensorboard_(tensorboard) {
  run_.folder = config.out;
  run_.name = run_.folder.filename().string();
  run_.config = config;
}

void Followers::begin_network(const std::filesystem::path& folder, const TrainStart& start) {
  network_folder_ = folder;
  run_.environment = {{"program", version_line()}, {"device", start.device}, {"machine", start.machine}};
  run_.networks.emplace_back();
  if (board_) board_->finish(StopReason::finished);  // the network before
  if (tensorboard_) board_.emplace(folder / "tensorboard", run_.config);
}

void Followers::add(const EpochMetrics& metrics, bool is_best) {
  if (board_) board_->add(metrics, load_checkpoint(network_folder_ / "last.safetensors"));
  if (page_) write_page(metrics, is_best);
}

void Followers::write_page(const EpochMetrics& metrics, bool is_best) {
  NetworkRecord& network = run_.networks.back();
  network.epochs.push_back(metrics);
  if (is_best) network.best_epoch = metrics.epoch;
  const int64_t networks = run_.config.member > 0 ? 1 : count_members(run_.config);
  const std::string which = networks > 1 ? fmt::format("network {} of {}, ", run_.networks.size(), networks) : "";
  const std::string progress =
      fmt::format("Still training: {}epoch {} of {} is done.", which, metrics.epoch, run_.config.epochs);
  write_file(run_.folder / "report.html", report_page({run_}, progress));
}

void Followers::finish(StopReason reason) {
  if (board_) board_->finish(reason);
  const bool has_checkpoint = !run_.networks.empty() && !run_.networks.back().epochs.empty();
  if (!page_ || !has_checkpoint || reason == StopReason::interrupted) return;
  const bool holds_back = run_.config.val_fraction > 0 || run_.config.folds > 0;
  const RunRecord whole =
      holds_back ? load_run(run_.folder, "", {.device = choose_device(run_.config.device).device}) : run_;
  write_file(run_.folder / "report.html", report_page({whole}));
}

}  // namespace digitrec::cli
