#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace digitrec {

/// What a safetensors file holds: named tensors and string metadata.
struct SafeTensors {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a safetensors file (https://github.com/huggingface/safetensors#format) of float32, float64, int64, int32 and
/// uint8 tensors onto the CPU. Believes nothing before it is checked: the header's length, every shape and offset, and
/// that the tensors fill the file with neither gap nor overlap. Throws Error.
SafeTensors read_safetensors(const std::filesystem::path& path);

/// Writes the file atomically; tensors on any device and in any memory order come out contiguous. Throws Error.
void write_safetensors(const std::filesystem::path& path, const SafeTensors& contents);

}  // namespace digitrec
