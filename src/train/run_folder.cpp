#include "train/run_folder.h"

#include "digitrec/core/error.h"
#include "digitrec/core/file.h"
#include "digitrec/core/version.h"
#include "infer/metrics_json.h"
#include "train/progress.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::ordered_json;

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

RunFolder::RunFolder(fs::path path, const TrainConfig& config, Start start) : path_(std::move(path)) {
  // "runs/x/" and "runs/x" are the same folder, but only the second has it as its last part.
  if (!path_.has_filename()) path_ = path_.parent_path();
  const std::string text = run_config_text(config);
  if (start == Start::resumed) {
    lock_.emplace(path_);
    remove_temporary_files(path_);
    if (read_file(path_ / "config.toml", 1 << 20) != text) write_file(path_ / "config.toml", text);
    has_checkpoint_ = true;  // nor is a run that came to none removed
    return;
  }
  std::error_code error;
  if (fs::exists(path_) && !fs::is_directory(path_)) {
    throw Error(
        fmt::format("{}: is a file; expected a folder to make for the run: choose another --out", path_.string()));
  }
  if (fs::is_directory(path_) && !fs::is_empty(path_, error)) {
    const bool is_run = fs::exists(path_ / "config.toml");
    throw Error(fmt::format("{}: already exists and is not empty; choose another --out or {}", path_.string(),
                            is_run ? "go on with --resume " + path_.string() : "remove it"));
  }
  first_new_ = first_missing(path_);
  try {
    make_folder(path_);
    lock_.emplace(path_);
    write_file(path_ / "config.toml", text);
    write_file(path_ / "metrics.csv", metrics_csv({}));
  } catch (const Error&) {
    discard();
    throw;
  }
}

RunFolder::~RunFolder() {
  if (saving_.valid()) saving_.wait();
  if (!has_checkpoint_) discard();
}

void RunFolder::discard() const { remove_made(path_, first_new_); }

std::optional<TrainingState> RunFolder::load_state(std::string& damage) const {
  const fs::path previous = previous_file(state());
  if (!fs::exists(state()) && !fs::exists(previous)) return std::nullopt;
  try {
    return TrainingState(state());
  } catch (const Error& error) {
    if (!fs::exists(previous)) throw;
    damage = fmt::format("{}; {} is used instead", error.what(), previous.string());
    return TrainingState(previous);
  }
}

bool RunFolder::restore_best(int64_t epoch) const {
  const auto holds_epoch = [epoch](const fs::path& file) {
    try {
      const CheckpointInfo info = load_checkpoint(file).info;
      const auto found = info.metrics.find("epoch");
      return found != info.metrics.end() && found->second == static_cast<double>(epoch);
    } catch (const Error&) {
      return false;
    }
  };
  if (holds_epoch(best())) return true;
  if (!holds_epoch(previous_file(best()))) return false;
  write_file(best(), read_file(previous_file(best()), fs::file_size(previous_file(best()))));
  return true;
}

void RunFolder::save(RunFiles files) {
  wait();
  saving_ = std::async(std::launch::async, [this, files = std::move(files)] {
    if (files.is_best) write_safetensors(best(), *files.last, Replaced::kept_as_previous);
    if (files.last) write_safetensors(last(), *files.last);
    write_file(path_ / "metrics.csv", files.metrics);
    files.state.save(state());
    has_checkpoint_ = true;
  });
}

void RunFolder::wait() {
  if (saving_.valid()) saving_.get();
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
