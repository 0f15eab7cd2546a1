#pragma once

#include "digitrec/model/classifier.h"

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace digitrec {

/// Whether a tensor of a network and one of a file belong together.
enum class Fit { fits, missing, misshapen, extra };

/// A row of the table of what did and did not fit.
struct TensorPair {
  Fit fit = Fit::fits;
  NamedTensor ours{};    ///< of the network; undefined where the file has one too many
  NamedTensor theirs{};  ///< of the file; undefined where it lacks one
};

/// Which tensor of a file is which of a network.
struct Mapping {
  std::vector<TensorPair> pairs{};  ///< in the order of the network's layers, then what the file has too many
  bool is_by_name = true;           ///< else by shape and order, at least in part
  std::string ambiguity{};          ///< two layers of the file that fit the same one, in a file without order

  bool fits() const;
  /// How many pairs are of that kind.
  int64_t count(Fit fit) const;
};

/// Maps layer by layer, a layer being the tensors that have their name up to the last dot in common: first those of the
/// same name, prefixes that wrappers put before all names left out; then those of the same shapes, in order. The
/// batches that a batch normalisation has seen (`num_batches_tracked`) may be absent. `is_in_order`: the tensors are in
/// the order of the layers; otherwise the numbers in their names tell it.
Mapping map_tensors(const Classifier& network, std::vector<NamedTensor> tensors, bool is_in_order);

/// "64 x 32 x 3 x 3"; of whole numbers also their type.
std::string describe_shape(const at::Tensor& tensor);

}  // namespace digitrec
