#pragma once

#include "digitrec/data/dataset.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace digitrec {

/// The picture files (.png, .jpg, .jpeg) that `paths` name: files as given, and for a folder those in it by name. Empty
/// when `paths` is a single file or folder without any, which then is a data set. Throws Error when the two are mixed.
std::vector<std::filesystem::path> find_pictures(const std::vector<std::filesystem::path>& paths);

/// The digits of several pictures.
struct Pictures {
  Dataset digits;               ///< all of them, picture after picture, left to right
  std::vector<int64_t> counts;  ///< how many each picture holds, at least one
};

/// Reads pictures, cuts them into digits and frames each as MNIST's are, `image_size` pixels a side. Throws Error.
Pictures load_pictures(const std::vector<std::filesystem::path>& files, int64_t image_size);

}  // namespace digitrec
