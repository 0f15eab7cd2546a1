#pragma once

#include <torch/types.h>

#include <filesystem>

namespace digitrec {

/// Writes the images, uint8 [N, S, S], side by side in rows of `columns` as a grey PNG picture, every pixel enlarged to
/// `zoom` x `zoom`, with a line between images. Atomic. Throws Error.
void write_sheet(const std::filesystem::path& path, const torch::Tensor& images, int64_t columns, int64_t zoom = 2);

}  // namespace digitrec
