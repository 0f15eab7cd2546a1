#pragma once

#include "digitrec/image/pictures.h"

#include <filesystem>

namespace digitrec {

/// The zip archive that `folder` is or lies in; empty for a folder of files.
std::filesystem::path archive_of(const std::filesystem::path& folder);

/// Reads the pictures of that archive, which is opened once; empty for a folder of files.
PictureBytes bytes_below(const std::filesystem::path& folder);

}  // namespace digitrec
