#pragma once

#include "digitrec/model/classifier.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// The first bytes of a file as they lie on the disk; fewer where it has fewer.
std::string first_bytes(const std::filesystem::path& path, size_t size);

/// Whether torch.save may have written the file: a zip archive, or what it wrote before version 1.6.
bool is_pth(const std::filesystem::path& path);

/// Reads the state_dict in such a file onto the CPU, in its order. Its pickle is read by Pickle, which calls nothing.
/// Throws Error, also for what holds anything but plain tensors.
std::vector<NamedTensor> read_pth(const std::filesystem::path& path);

}  // namespace digitrec
