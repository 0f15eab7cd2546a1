#pragma once

#include "digitrec/train/config.h"
#include "digitrec/train/trainer.h"

#include <filesystem>
#include <string>

namespace digitrec {

/// The files of one training run. Every file in it is written whole or not at all.
class RunFolder {
 public:
  /// Makes the folder with its config.toml. Throws Error when it exists and is not empty, or cannot be made; then what
  /// was made of it is removed again.
  RunFolder(std::filesystem::path path, const TrainConfig& config);

  void append_metrics(const EpochMetrics& metrics);
  void write_summary(const TrainConfig& config, const TrainStart& start, const TrainResult& result) const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }

 private:
  std::filesystem::path path_;
  std::string metrics_;  ///< metrics.csv so far
};

}  // namespace digitrec
