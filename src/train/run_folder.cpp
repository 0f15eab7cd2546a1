#include "train/run_folder.h"

#include "digitrec/core/error.h"
#include "digitrec/core/file.h"
#include "digitrec/core/version.h"
#include "infer/metrics_json.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::ordered_json;

std::string number_or_blank(double value) { return std::isfinite(value) ? fmt::format("{:.6g}", value) : ""; }

const char* reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::finished:
      return "finished";
    case StopReason::patience:
      return "early stopping";
    case StopReason::max_seconds:
      return "max_seconds";
    case StopReason::interrupted:
      return "interrupted";
  }
  return "";
}

const char* chosen_by(const TrainConfig& config, const TrainStart& start) {
  if (start.validation_rows == 0) return "last epoch (no validation rows)";
  if (config.select == SelectKind::last) return "last epoch";
  return "highest validation accuracy, then lowest validation loss";
}

}  // namespace

fs::path first_missing(const fs::path& path) {
  fs::path missing;
  for (fs::path part = path; !part.empty() && !fs::exists(part); part = part.parent_path()) missing = part;
  return missing;
}

void remove_made(const fs::path& path, const fs::path& first_new) {
  std::error_code ignored;
  if (first_new.empty()) {
    // The folder was there and empty, of which its maker made sure.
    for (const auto& entry : fs::directory_iterator(path, ignored)) fs::remove_all(entry.path(), ignored);
  } else {
    fs::remove_all(path, ignored);
    // Parents made for this run go too, but only while they are empty: another run may have moved in beside it.
    for (fs::path made = path; made != first_new;) {
      made = made.parent_path();
      fs::remove(made, ignored);
    }
  }
}

std::string run_config_text(const TrainConfig& config) {
  return fmt::format("# digitrec {}: the whole configuration of this run\n", version()) + to_toml(config);
}

RunFolder::RunFolder(fs::path path, const TrainConfig& config) : path_(std::move(path)) {
  // "runs/x/" and "runs/x" are the same folder, but only the second has it as its last part.
  if (!path_.has_filename()) path_ = path_.parent_path();
  std::error_code error;
  if (fs::exists(path_) && !fs::is_directory(path_)) {
    throw Error(
        fmt::format("{}: is a file; expected a folder to make for the run: choose another --out", path_.string()));
  }
  if (fs::is_directory(path_) && !fs::is_empty(path_, error)) {
    throw Error(fmt::format("{}: already exists and is not empty; choose another --out or remove it", path_.string()));
  }
  first_new_ = first_missing(path_);
  try {
    make_folder(path_);
    write_file(path_ / "config.toml", run_config_text(config));
    metrics_ = "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,images_per_second\n";
    write_file(path_ / "metrics.csv", metrics_);
  } catch (const Error&) {
    discard();
    throw;
  }
}

RunFolder::~RunFolder() {
  if (!has_checkpoint_) discard();
}

void RunFolder::discard() const { remove_made(path_, first_new_); }

void RunFolder::save(const fs::path& file, const Classifier& model, const CheckpointInfo& info) {
  save_checkpoint(file, model, info);
  has_checkpoint_ = true;
}

void RunFolder::append_metrics(const EpochMetrics& m) {
  metrics_ +=
      fmt::format("{},{:.6g},{:.6g},{},{},{:.6g},{:.3f},{:.0f}\n", m.epoch, m.train_loss, m.train_accuracy,
                  number_or_blank(m.val_loss), number_or_blank(m.val_accuracy), m.lr, m.seconds, m.images_per_second);
  write_file(path_ / "metrics.csv", metrics_);
}

void RunFolder::write_summary(const TrainConfig& config, const TrainStart& start, const TrainResult& result) const {
  Json best = nullptr;
  if (result.best) {
    best = {{"epoch", result.best->epoch},
            {"train_loss", number_or_null(result.best->train_loss)},
            {"val_loss", number_or_null(result.best->val_loss)},
            {"val_accuracy", number_or_null(result.best->val_accuracy)},
            {"chosen_by", chosen_by(config, start)}};
  }
  const Json summary{
      {"digitrec", version()},
      {"model", config.model},
      {"parameters", start.parameters},
      {"classes", start.shape.classes},
      {"image_size", start.shape.image_size},
      {"device", start.device},
      {"environment", {{"program", version_line()}, {"device", start.device}, {"machine", start.machine}}},
      {"data", config.data},
      {"train_rows", start.train_rows},
      {"validation_rows", start.validation_rows},
      {"leaked_rows", start.leaked_rows},
      {"normalization", {{"mean", start.normalization.mean}, {"deviation", start.normalization.deviation}}},
      {"seed", config.seed},
      {"stopped", reason_name(result.reason)},
      {"epochs", result.epochs},
      {"training_seconds", result.seconds},
      {"best", best}};
  write_file(path_ / "summary.json", summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace digitrec
