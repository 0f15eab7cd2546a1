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

/// The state to resume from, or the one before it where that is damaged. None when the run came to no checkpoint, and is
/// to begin again. Throws Error when all that there is is damaged, or gone.
std::optional<Loaded<TrainingState>> load_state(const RunPaths& paths);

/// The folder of a run or of one of its networks while it is trained. Every file in it is written whole or not at all,
/// and unless a checkpoint was saved the folder goes with this object: a run that failed before that leaves nothing
/// behind. No other program can train there meanwhile.
class RunFolder final : public TrainingStore {
 public:
  /// Makes the folder with its config.toml, or opens that of a run that was cut short, without a change yet. `log`:
  /// where the run is logged; its length is kept with every state. Throws Error when a folder to be made exists and is
  /// not empty, when it cannot be made (then what was made of it is removed again), or another program trains there.
  RunFolder(RunPaths paths, const TrainConfig& config, Start start, std::filesystem::path log = {});
  /// Waits for the files that are being written.
  ~RunFolder() override;
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// Makes the folder what it was when `state` was saved, `best_epoch` being the best then: puts the state in the place
  /// of a damaged one, cuts the log, and lets best.safetensors hold that epoch again, for which a run that was cut short
  /// may have written a later one. Returns the epoch that best.safetensors holds then, an earlier one where that epoch's
  /// is damaged; 0 for none.
  int64_t restore(const Loaded<TrainingState>& state, int64_t best_epoch) const;
  /// Lets config.toml say what the run is resumed with. Throws Error.
  void update_config(const TrainConfig& config) const;

  void save(TrainingFiles files) override;
  void wait() override;
  void check() override;
  std::filesystem::path best() const override { return paths_.best(); }

  const RunPaths& paths() const { return paths_; }

 private:
  int64_t restore_best(int64_t epoch) const;
  void discard() const;

  RunPaths paths_;
  std::filesystem::path log_;
  std::filesystem::path first_new_;  ///< the outermost folder made for this run; empty when it was there, empty
  std::optional<FolderLock> lock_;
  std::atomic<bool> has_checkpoint_ = false;
  std::future<void> saving_;
};

}  // namespace digitrec
