#include "train/run_folder.h"

#include "checkpoint/load_or_previous.h"
#include "digitrec/core/error.h"
#include "digitrec/core/file.h"
#include "digitrec/core/version.h"
#include "infer/metrics_json.h"
#include "train/progress.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

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

void duplicate_file(const fs::path& from, const fs::path& to) { write_file(to, read_file(from, fs::file_size(from))); }

int64_t count_lines(const fs::path& file) {
  if (!fs::exists(file)) return 0;
  const std::string text = read_file(file, fs::file_size(file));
  return std::count(text.begin(), text.end(), '\n');
}

void require_empty(const fs::path& path) {
  std::error_code error;
  if (fs::is_empty(path, error)) return;
  throw Error(fmt::format("{}: already exists and is not empty; choose another --out or {}", path.string(),
                          fs::exists(path / "config.toml") ? "go on with --resume " + path.string() : "remove it"));
}

}  // namespace

fs::path make_run_folder(const fs::path& path) {
  if (fs::exists(path) && !fs::is_directory(path)) {
    throw Error(
        fmt::format("{}: is a file; expected a folder to make for the run: choose another --out", path.string()));
  }
  if (fs::exists(path)) {
    // What a run that was killed while it began has left.
    remove_temporary_files(path);
    require_empty(path);
  }
  fs::path first_new = first_missing(path);
  make_folder(path);
  return first_new;
}

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
  if (start == Start::resumed) {
    lock_.emplace(path_);
    remove_temporary_files(path_);
    has_checkpoint_ = true;  // nor is a run that came to none removed
    return;
  }
  first_new_ = make_run_folder(path_);
  lock_.emplace(path_);
  require_empty(path_);
  try {
    write_file(path_ / "config.toml", run_config_text(config));
    write_file(path_ / "metrics.csv", metrics_csv({}));
  } catch (...) {
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
  if (!fs::exists(state()) && !fs::exists(previous)) {
    // Killed in its first epoch, a run may have its first checkpoints, but neither a second epoch nor an end.
    const bool has_more = fs::exists(path_ / "summary.json") || count_lines(path_ / "metrics.csv") > 2;
    if (!has_more) return std::nullopt;
    throw Error(fmt::format("{}: no state.safetensors beside its checkpoints; without it the run cannot go on",
                            path_.string()));
  }
  TrainingState found = load_or_previous(state(), damage, [](const fs::path& path) { return TrainingState(path); });
  if (!damage.empty()) duplicate_file(previous, state());  // or the next state would push the only good one out
  return found;
}

int64_t RunFolder::restore_best(int64_t epoch) const {
  const auto epoch_of = [](const fs::path& file) -> int64_t {
    try {
      const CheckpointInfo info = load_checkpoint(file).info;
      const auto found = info.metrics.find("epoch");
      return found == info.metrics.end() ? 0 : std::llround(found->second);
    } catch (const Error&) {
      return 0;
    }
  };
  if (epoch_of(best()) == epoch) return epoch;
  if (epoch_of(last()) == epoch) {
    duplicate_file(last(), best());
    return epoch;
  }
  const int64_t previous = epoch_of(previous_file(best()));
  if (previous < 1 || previous > epoch) return 0;
  duplicate_file(previous_file(best()), best());
  return previous;
}

void RunFolder::update_config(const TrainConfig& config) const {
  const std::string text = run_config_text(config);
  if (read_file(path_ / "config.toml", 1 << 20) != text) write_file(path_ / "config.toml", text);
}

void RunFolder::save(RunFiles files) {
  wait();
  saving_ = std::async(std::launch::async, [this, files = std::move(files)] {
    if (files.is_best) write_safetensors(best(), files.network, Replaced::kept_as_previous);
    if (!files.network.tensors.empty()) {
      write_safetensors(last(), files.network);
      has_checkpoint_ = true;
    }
    write_file(path_ / "metrics.csv", files.metrics);
    files.state.save(state());
    has_checkpoint_ = true;
  });
}

void RunFolder::wait() {
  if (saving_.valid()) saving_.get();
}

void RunFolder::check() {
  if (saving_.valid() && saving_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) saving_.get();
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
