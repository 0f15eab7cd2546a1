#pragma once

#include "digitrec/checkpoint/safetensors.h"
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

/// All tensors that make up the network, parameters and buffers, under PyTorch's names; not copies.
std::map<std::string, torch::Tensor> network_state(const Classifier& model);

/// What a checkpoint's file holds: copies of parameters and buffers, and `info`.
SafeTensors checkpoint_contents(const Classifier& model, const CheckpointInfo& info);

/// Writes checkpoint_contents, atomically. Throws Error.
void save_checkpoint(const std::filesystem::path& path, const Classifier& model, const CheckpointInfo& info);

/// Rebuilds the network from the file alone. `path` may also be a run folder of one network. Throws Error when it is
/// not a checkpoint, is cut off or damaged, or its tensors are not those of the preset it names.
Checkpoint load_checkpoint(const std::filesystem::path& path);

/// load_checkpoint(file), or where that is damaged or gone, of the file it replaced, saying why in `damage`. Throws
/// Error when neither can be used.
Checkpoint load_checkpoint_or_previous(const std::filesystem::path& file, std::string& damage);

/// The checkpoints that a path means: itself; a run folder's best.safetensors; or those of all members of a run of
/// several networks, in order. Throws Error when a folder has none.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& path);

}  // namespace digitrec
