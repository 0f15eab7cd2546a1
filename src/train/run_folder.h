#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/checkpoint/training_state.h"
#include "digitrec/core/file.h"
#include "digitrec/train/config.h"
#include "digitrec/train/trainer.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <optional>
#include <string>

namespace digitrec {

/// The outermost folder of `path` that does not exist yet; empty when all do.
std::filesystem::path first_missing(const std::filesystem::path& path);

/// Takes back a folder made for a run, with the parents made for it (`first_new`: first_missing before it was made).
/// One that was there stays, empty.
void remove_made(const std::filesystem::path& path, const std::filesystem::path& first_new);

/// Makes the folder, and those above it, for a run, or takes an empty one that is there. Gives first_missing as it was
/// before. Throws Error when it holds something or cannot be made.
std::filesystem::path make_run_folder(const std::filesystem::path& path);

/// What config.toml of a run folder holds.
std::string run_config_text(const TrainConfig& config);

/// What is written together, after an epoch or within one.
struct RunFiles {
  SafeTensors network;   ///< for last.safetensors; none within an epoch
  bool is_best = false;  ///< and for best.safetensors
  std::string metrics;   ///< for metrics.csv
  TrainingState state;
};

/// The files of one training run. Every file in it is written whole or not at all, and unless a checkpoint was saved
/// the folder goes with this object: a run that failed before that leaves nothing behind. No other program can train
/// there meanwhile.
class RunFolder {
 public:
  /// Makes the folder with its config.toml, or opens that of a run that was cut short, without a change yet. Throws
  /// Error when one to be made exists and is not empty, when it cannot be made (then what was made of it is removed
  /// again), or another program trains there.
  RunFolder(std::filesystem::path path, const TrainConfig& config, Start start);
  /// Waits for the files that are being written.
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// The state to go on from. Where the last one is damaged, which `damage` then tells, the previous one takes its
  /// place. None when the run came to no checkpoint, and is to begin anew. Throws Error when all that there is is
  /// damaged, or gone.
  std::optional<TrainingState> load_state(std::string& damage) const;
  /// Makes best.safetensors hold that epoch, by last.safetensors where it is that one, or by the file before: a run
  /// that was cut short may have written a later one. Gives the epoch that it holds then, an earlier one where that
  /// epoch's is damaged; 0 for none.
  int64_t restore_best(int64_t epoch) const;
  /// Lets config.toml say what the run goes on with. Throws Error.
  void update_config(const TrainConfig& config) const;

  /// Writes the files while the caller goes on, the state last: what it tells of is there. Waits for those before.
  /// Throws Error when those could not be written.
  void save(RunFiles files);
  /// Waits for them. Throws Error when they could not be written.
  void wait();
  /// Throws Error when it is known by now that they could not be.
  void check();

  void write_summary(const TrainConfig& config, const TrainStart& start, const TrainResult& result) const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }
  std::filesystem::path state() const { return path_ / "state.safetensors"; }

 private:
  void discard() const;

  std::filesystem::path path_;
  std::filesystem::path first_new_;  ///< the outermost folder made for this run; empty when it was there, empty
  std::optional<FolderLock> lock_;
  std::atomic<bool> has_checkpoint_ = false;
  std::future<void> saving_;
};

}  // namespace digitrec
