#pragma once

#include <filesystem>
#include <vector>

namespace digitrec {

/// The files on disk that load_dataset() may read where `path` is named, whatever for: the data files of a folder,
/// those of labels and of classes' names beside them, the pictures of each class; of what lies in an archive, the
/// archive. Empty for what cannot be read again, such as a pipe. Throws Error for a damaged archive.
std::vector<std::filesystem::path> files_read_from(const std::filesystem::path& path);

}  // namespace digitrec
