#pragma once

#include "digitrec/run/run.h"
#include "run/paths.h"

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// Whether a network was saved there: its best checkpoint, or the one before it.
bool has_checkpoint(const RunPaths& network);
/// Throws Error where none was.
void require_checkpoint(const RunPaths& network);

/// Throws Error when the data of the run in `folder`, whose configuration is `config`, is no longer where it was.
void require_data(const std::filesystem::path& folder, const TrainConfig& config);

/// A recorded path as one names it from here, where it lies below: messages stay short.
std::string from_here(const std::string& path);

/// A run by its networks, which say themselves what they were trained with.
struct TrainedRun {
  TrainConfig config;                 ///< see trained_config
  std::vector<RunPaths> members{};    ///< that the run was to have
  std::vector<std::string> doubts{};  ///< one line each: where config.toml and the checkpoints disagree
};

/// Throws Error when the run has no first network.
TrainedRun read_trained_run(const RunPaths& run);

}  // namespace digitrec
