#include "cli/followers.h"

#include "digitrec/core/device.h"
#include "digitrec/core/file.h"
#include "digitrec/core/precision.h"
#include "digitrec/core/version.h"
#include "digitrec/report/page.h"

#include <spdlog/fmt/fmt.h>

namespace digitrec::cli {

namespace fs = std::filesystem;

Followers::Followers(const TrainConfig& config, bool page, bool tensorboard) : page_(page), tensorboard_(tensorboard) {
  run_.folder = config.out;
  run_.name = run_.folder.filename().string();
  run_.config = config;
}

void Followers::keep_network(const fs::path& folder) {
  if (page_) run_.networks.push_back({folder / "best.safetensors", read_epoch_metrics(folder / "metrics.csv")});
}

void Followers::begin_network(const fs::path& folder, const TrainStart& start) {
  network_folder_ = folder;
  run_.environment = {{"program", version_line()}, {"device", start.device}, {"machine", start.machine}};
  run_.networks.push_back({{}, start.epochs, start.best_epoch});
  if (board_) board_->finish(StopReason::finished);  // the network before
  if (tensorboard_) board_.emplace(folder / "tensorboard", run_.config, static_cast<int64_t>(start.epochs.size()));
}

void Followers::add(const EpochMetrics& metrics, bool is_best, const Checkpoint& network) {
  if (board_) board_->add(metrics, network);
  NetworkRecord& record = run_.networks.back();
  record.epochs.push_back(metrics);
  if (is_best) record.best_epoch = metrics.epoch;
  if (page_)
    write_file(run_.folder / "report.html", report_page({run_}, "Still training: " + place() + " is done.", true));
}

std::string Followers::place() const {
  const int64_t networks = run_.config.member > 0 ? 1 : count_members(run_.config);
  const std::string which = networks > 1 ? fmt::format("network {} of {}, ", run_.networks.size(), networks) : "";
  return fmt::format("{}epoch {} of {}", which, run_.networks.back().epochs.size(), run_.config.epochs);
}

void Followers::finish(StopReason reason, const Dataset& dataset) {
  if (board_) board_->finish(reason);
  if (!page_ || run_.networks.empty() || run_.networks.back().epochs.empty()) return;
  const fs::path page = run_.folder / "report.html";
  if (reason == StopReason::interrupted)
    return write_file(page, report_page({run_}, "Interrupted after " + place() + "."));
  const torch::Device device = choose_device(run_.config.device).device;
  const PredictorOptions options{device, choose_precision(run_.config.precision, device).precision};
  const bool holds_back = run_.config.val_fraction > 0 || run_.config.folds > 0;
  write_file(page, report_page({holds_back ? load_run(run_.folder, dataset, options) : run_}));
}

}  // namespace digitrec::cli
