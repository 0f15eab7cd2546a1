#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/train/config.h"

#include <filesystem>
#include <string>

namespace digitrec {

/// What a network was trained with.
struct AsTrained {
  TrainConfig config;
  std::string doubt{};  ///< one line: where the file of settings says otherwise, or is all there is; else empty
};

/// `config`, read from `file`, with the settings that the network's checkpoint holds. Those count: a file of text is
/// easily edited, and another seed would call rows held back that the network was trained on. Paths, and what a resumed
/// run may change, are the file's. Throws UsageError when the checkpoint's settings cannot be parsed.
AsTrained as_trained(const TrainConfig& config, const std::filesystem::path& file, const Loaded<Checkpoint>& network);

}  // namespace digitrec
