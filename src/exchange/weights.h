#pragma once

#include "digitrec/model/classifier.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace digitrec {

/// The tensors in a file that another program may have written, and what it says of them.
struct Weights {
  std::vector<NamedTensor> tensors{};             ///< on the CPU; see is_in_order
  bool is_in_order = false;                       ///< the file keeps the order of the layers
  std::map<std::string, std::string> metadata{};  ///< of a safetensors file
  bool has_checksum = false;                      ///< one of ours, which the tensors have
  std::string doubt{};                            ///< one line: what could not be checked; empty: nothing
};

/// Reads a safetensors file, whoever wrote it, or one of torch.save. Throws Error.
Weights read_weights(const std::filesystem::path& path);

}  // namespace digitrec
