#pragma once

#include "digitrec/data/normalization.h"
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

/// What was read, from which file, and why from that one.
template <class T>
struct Loaded {
  T value;
  std::filesystem::path file;  ///< the one that was asked for, or the one before it
  std::string damage{};        ///< one line: why the one that was asked for was not used; empty when it was
};

/// Whether the file that a damaged one replaced may take its place.
enum class Fallback { none, previous };

/// Writes parameters, buffers and `info` as a safetensors file, atomically. Throws Error.
void save_checkpoint(const std::filesystem::path& file, const Classifier& model, const CheckpointInfo& info);

/// Rebuilds the network from the file alone. Throws Error when it is not a checkpoint, is cut off or damaged, or its
/// tensors are not those of the preset it names; with Fallback::previous only when the file before it is no better.
Loaded<Checkpoint> load_checkpoint(const std::filesystem::path& file, Fallback fallback);

}  // namespace digitrec
