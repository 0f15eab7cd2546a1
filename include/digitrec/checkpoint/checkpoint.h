#pragma once

#include "digitrec/data/batches.h"
#include "digitrec/model/classifier.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace digitrec {

/// Everything beside the weights that is needed to use a trained network. Kept in the safetensors file's metadata.
struct CheckpointInfo {
  std::string preset{};
  ModelShape shape{};
  Normalization normalization{};
  double temperature = 1;                   ///< what logits are divided by for calibrated probabilities
  std::map<std::string, double> metrics{};  ///< of the epoch it holds: epoch, val_accuracy, val_loss, ...
  std::string data{};                       ///< fingerprint of the data set, of which part was trained on
  std::string version{};                    ///< of the digitrec that wrote it
};

struct Checkpoint {
  CheckpointInfo info;
  std::shared_ptr<Classifier> model;  ///< in evaluation mode, on the CPU
};

/// Writes parameters and buffers under PyTorch's names, with `info`, atomically. Throws Error.
void save_checkpoint(const std::filesystem::path& path, const Classifier& model, const CheckpointInfo& info);

/// Rebuilds the network from the file alone. `path` may also be a run folder of one network. Throws Error when it is
/// not a checkpoint, is cut off, or its tensors are not those of the preset it names.
Checkpoint load_checkpoint(const std::filesystem::path& path);

/// The checkpoints that a path means: itself; a run folder's best.safetensors; or those of all members of a run of
/// several networks, in order. Throws Error when a folder has none.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& path);

}  // namespace digitrec
