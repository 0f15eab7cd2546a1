#pragma once

#include "digitrec/train/config.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace digitrec {

/// The paths of a run's files; the only place that names them. A run of several networks has a subfolder of the same
/// kind for each.
class RunPaths {
 public:
  RunPaths() = default;
  /// "runs/x/" becomes "runs/x", so that the last part of the path is the folder's name.
  RunPaths(std::filesystem::path folder)  // NOLINT(misc-explicit-constructor): a run is given by its folder
      : folder_(folder.has_filename() ? std::move(folder) : folder.parent_path()) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::string name() const { return folder_.string(); }  ///< for messages

  // Of every network.
  std::filesystem::path best() const { return folder_ / "best.safetensors"; }
  std::filesystem::path last() const { return folder_ / "last.safetensors"; }
  std::filesystem::path state() const { return folder_ / "state.safetensors"; }
  std::filesystem::path metrics() const { return folder_ / "metrics.csv"; }
  std::filesystem::path tensorboard() const { return folder_ / "tensorboard"; }

  /// Of a network and of a run: what training writes and reads again, without the members' files.
  std::vector<std::filesystem::path> files() const;

  // Of every network, and of the run of several.
  std::filesystem::path config() const { return folder_ / "config.toml"; }
  std::filesystem::path summary() const { return folder_ / "summary.json"; }

  // Of the run.
  std::filesystem::path log() const { return folder_ / "train.log"; }
  std::filesystem::path report() const { return folder_ / "report.html"; }
  std::filesystem::path figures() const { return folder_ / "figures"; }
  std::filesystem::path submission() const { return folder_ / "submission.csv"; }

  /// The folder of network `number`, from 1, of several.
  RunPaths member(int64_t number) const;
  /// The folders of networks that exist, in order; empty for a run of one network. Throws Error when the folder cannot
  /// be read.
  std::vector<RunPaths> members() const;

 private:
  std::filesystem::path folder_;
};

/// The folders of the networks that `config` asks for, in order: the run's own when there is one network.
std::vector<RunPaths> member_paths(const RunPaths& run, const TrainConfig& config);

/// Whether a checkpoint has a name that every run uses, so that its folder's name says more.
bool has_run_file_name(const std::filesystem::path& checkpoint);

}  // namespace digitrec
