#pragma once

#include "digitrec/data/classes.h"
#include "digitrec/data/normalization.h"
#include "digitrec/data/source.h"
#include "digitrec/model/classifier.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace digitrec {

/// Everything, apart from the weights, that is needed to use a trained network. Kept in the safetensors file's
/// metadata.
struct CheckpointInfo {
  std::string preset{};                     ///< name, see find_preset
  ModelShape shape{};                       ///< classes and image size that the network was built for
  Classes classes{};                        ///< what its classes are called
  Framing framing = Framing::digits;        ///< of pictures, as those it was trained on
  bool transpose = false;                   ///< rows and columns of its data were swapped
  Normalization normalization{};            ///< of the pixels that it was trained on
  double temperature = 1;                   ///< divides the logits, for calibrated probabilities
  std::map<std::string, double> metrics{};  ///< of the epoch it holds: epoch, val_accuracy, val_loss, ...
  std::string data{};                       ///< fingerprint of the data set, validation rows included
  std::string settings{};                   ///< of its training, see fixed_settings; empty when it is not known
  std::string version{};                    ///< version of digitrec that wrote the file; empty: another program

  /// Whether it learned from digits varied and framed anew, as recipe robust does.
  bool learned_framing() const { return settings.find("reframe = true") != std::string::npos; }
};

/// A trained network with what is needed to use it.
struct Checkpoint {
  CheckpointInfo info;                ///< as the file's metadata says
  std::shared_ptr<Classifier> model;  ///< in evaluation mode, on the CPU
  std::string doubt{};                ///< one line: what another program that saved the file left out; else empty
};

/// What was read, from which file, and why from that one.
template <class T>
struct Loaded {
  T value;                     ///< what the file holds
  std::filesystem::path file;  ///< the file that was asked for, or the previous one
  std::string damage{};        ///< one line: why the file that was asked for was not used; empty when it was
};

/// What to do about a damaged file: throw, or load the previous one, which it replaced.
enum class Fallback { none, previous };

/// Writes parameters, buffers and `info` as a safetensors file, atomically. Throws Error.
void save_checkpoint(const std::filesystem::path& file, const Classifier& model, const CheckpointInfo& info);

/// Rebuilds the network from the file alone. A file that Python saved again, without a checksum or any metadata, is
/// taken for the preset whose tensors it has, of MNIST's digits. Throws Error when it is not a checkpoint, is cut off
/// or damaged, or its tensors are not those of the preset it names; with Fallback::previous only when the previous file
/// cannot be used either.
Loaded<Checkpoint> load_checkpoint(const std::filesystem::path& file, Fallback fallback);

}  // namespace digitrec
