#pragma once

#include "checkpoint/safetensors.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace digitrec {

/// What a run needs beside its data and configuration to resume exactly where it was. Each part of the trainer saves
/// and restores its own values, under names that begin with its own.
class TrainingState {
 public:
  TrainingState() = default;
  /// Reads a file that `save` wrote. Throws Error when it is damaged.
  explicit TrainingState(const std::filesystem::path& path);

  /// Text about the run (data, settings, ...), to check before the state is used. Empty when there is none of the name.
  void set_note(const std::string& name, const std::string& text) { contents_.metadata[name] = text; }
  std::string note(const std::string& name) const;

  /// Stores a copy of the tensor, from any device.
  void put(const std::string& name, const at::Tensor& tensor);
  void put_number(const std::string& name, double value);
  void put_integer(const std::string& name, int64_t value);

  /// These throw Error when the file has no such value, or one of another shape or type.
  at::Tensor tensor(const std::string& name) const;
  void copy_to(const std::string& name, const at::Tensor& to) const;
  double number(const std::string& name) const;
  int64_t integer(const std::string& name) const;

  /// Writes it atomically; the file that was there is kept as previous_file. Throws Error.
  void save(const std::filesystem::path& path) const;

 private:
  SafeTensors contents_;
  std::string source_;  ///< the file, for messages
};

}  // namespace digitrec
