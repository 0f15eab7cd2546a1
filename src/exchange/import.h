#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"
#include "exchange/mapping.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace digitrec {

/// What a file of another program does not say.
struct ImportOptions {
  std::string model{};                           ///< preset; empty: the one that the file's metadata names
  std::optional<Normalization> normalization{};  ///< else the metadata's, else MNIST's
  std::filesystem::path class_names{};           ///< file of the classes' names, see read_class_names(); empty: none
};

/// A network with the weights of such a file.
struct Imported {
  Checkpoint network;
  Mapping mapping;                    ///< where each of its tensors comes from
  std::vector<std::string> doubts{};  ///< one line each: what was assumed or could not be checked
};

/// The tensors are not those of the preset.
class UnfitWeights : public Error {
 public:
  UnfitWeights(const std::string& what, std::string hint, Mapping mapping)
      : Error(what, std::move(hint)), mapping_(std::move(mapping)) {}

  /// What did and did not fit.
  const Mapping& mapping() const { return mapping_; }

 private:
  Mapping mapping_;
};

/// Reads the weights of a preset from a file that read_weights() takes; as many classes as its last layer has. float16,
/// bfloat16 and float64 become float32. Throws Error, UnfitWeights when tensors are missing, too many or of other
/// shapes, and UsageError when the file does not say of which preset they are and `options` do not, or say otherwise.
Imported import_weights(const std::filesystem::path& path, const ImportOptions& options);

}  // namespace digitrec
