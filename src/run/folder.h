#pragma once

#include "checkpoint/training_state.h"
#include "core/file.h"
#include "digitrec/run/run.h"
#include "run/paths.h"
#include "train/trainer.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <optional>
#include <string>

namespace digitrec {

/// The state to resume from, or the previous one when that is damaged. None when the run was killed before it saved its
/// first, and has to begin again. Throws Error when both are damaged, or missing beside checkpoints.
std::optional<Loaded<TrainingState>> load_state(const RunPaths& paths);

/// The folder of a run, or of one of its networks, while it is trained. Every file in it is written whole or not at
/// all. The destructor removes the run's files, and the folder where it was made for them, unless a checkpoint was
/// saved, so that a run that failed before that leaves nothing behind. The folder is locked, before anything in it is
/// touched: no other digitrec can train there meanwhile.
class RunFolder final : public TrainingStore {
 public:
  /// With Start::fresh makes the folder and its config.toml, with an empty path runs/MODEL-TIME, which becomes
  /// runs/MODEL-TIME-2 where another run has taken that, and so on. With Start::resumed opens the folder and changes
  /// nothing yet. `log`: the run's log file, if it lies elsewhere; its length is saved with every state. Throws Error
  /// when a folder to make is not empty or cannot be made, or when another program trains there.
  RunFolder(RunPaths paths, const TrainConfig& config, Start start, std::filesystem::path log = {});
  /// Waits for the files that are being written.
  ~RunFolder() override;
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// Puts the folder back to when `state` was saved and `best_epoch` was the best: replaces a damaged state, and
  /// restores best.safetensors, which an interrupted run may have replaced by a later epoch. Returns the epoch that
  /// best.safetensors holds then: an earlier one when the file of `best_epoch` is damaged, 0 for none.
  int64_t restore(const Loaded<TrainingState>& state, int64_t best_epoch) const;
  /// Cuts the log to its length when the state was saved: what came after is about epochs that are trained again.
  void cut_log(const TrainingState& state) const;
  /// Writes the settings that the run is resumed with to config.toml. Throws Error.
  void update_config(const TrainConfig& config) const;

  void save(TrainingFiles files) override;
  void wait() override;
  void check() override;
  std::filesystem::path best() const override { return paths_.best(); }

  const RunPaths& paths() const { return paths_; }

 private:
  void make(const TrainConfig& config);
  void open();
  std::string config_text(const TrainConfig& config) const;
  int64_t restore_best(int64_t epoch) const;
  void discard() const;

  RunPaths paths_;
  std::filesystem::path log_;
  std::filesystem::path first_new_;  ///< the outermost folder made for this run; empty when the run folder existed
  std::optional<FolderLock> lock_;
  std::atomic<bool> has_checkpoint_ = false;
  std::future<void> saving_;
};

}  // namespace digitrec
