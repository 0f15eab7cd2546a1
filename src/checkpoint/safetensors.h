#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace digitrec {

/// What a safetensors file holds: named tensors and string metadata.
struct SafeTensors {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;
  bool has_checksum = false;  ///< read from a file that has one, and it matches
  bool is_altered = false;    ///< read with Checksum::told from a file that has one, and it does not match
};

/// What happens to a file whose checksum is not that of its contents.
enum class Checksum { required, told };

/// Reads a safetensors file (https://github.com/huggingface/safetensors#format) of float32, float64, int64, int32 and
/// uint8 tensors onto the CPU, and of float16 and bfloat16 ones as float32. Checks everything before using it: the
/// header's length, every shape and offset, that the tensors fill the file without gap or overlap, and the checksum,
/// where digitrec wrote one: also of a file that another program saved again with it, but not of narrowed tensors,
/// whose bytes are others. Throws Error, where Checksum::told not for the checksum, also for a pipe: it is not waited
/// for.
SafeTensors read_safetensors(const std::filesystem::path& path, Checksum checksum = Checksum::required);

/// A copy on the CPU, contiguous, of a tensor on any device and in any memory order.
at::Tensor dense_copy(const at::Tensor& tensor);

/// What happens to the file that is replaced.
enum class Replaced { removed, kept_as_previous };

/// The path under which `kept_as_previous` keeps it: best.previous.safetensors for best.safetensors.
std::filesystem::path previous_file(const std::filesystem::path& path);

/// Writes the file atomically, with a CRC-32 of all its bytes in the metadata as "checksum"; tensors on any device and
/// in any memory order come out contiguous. Throws Error.
void write_safetensors(const std::filesystem::path& path, const SafeTensors& contents,
                       Replaced replaced = Replaced::removed);

}  // namespace digitrec
