#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/train/config.h"
#include "digitrec/train/trainer.h"

#include <filesystem>
#include <string>

namespace digitrec {

/// The outermost folder of `path` that does not exist yet; empty when all do.
std::filesystem::path first_missing(const std::filesystem::path& path);

/// Takes back a folder made for a run, with the parents made for it (`first_new`: first_missing before it was made).
/// One that was there stays, empty.
void remove_made(const std::filesystem::path& path, const std::filesystem::path& first_new);

/// What config.toml of a run folder holds.
std::string run_config_text(const TrainConfig& config);

/// The files of one training run. Every file in it is written whole or not at all, and unless a checkpoint was saved
/// the folder goes with this object: a run that failed before that leaves nothing behind.
class RunFolder {
 public:
  /// Makes the folder with its config.toml. Throws Error when it exists and is not empty, or cannot be made; then what
  /// was made of it is removed again.
  RunFolder(std::filesystem::path path, const TrainConfig& config);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// save_checkpoint to best() or last(); from then on the folder stays.
  void save(const std::filesystem::path& file, const Classifier& model, const CheckpointInfo& info);

  void append_metrics(const EpochMetrics& metrics);
  void write_summary(const TrainConfig& config, const TrainStart& start, const TrainResult& result) const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }

 private:
  void discard() const;

  std::filesystem::path path_;
  std::filesystem::path first_new_;  ///< the outermost folder made for this run; empty when it was there, empty
  bool has_checkpoint_ = false;
  std::string metrics_;  ///< metrics.csv so far
};

}  // namespace digitrec
