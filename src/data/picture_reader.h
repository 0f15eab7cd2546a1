#pragma once

#include "digitrec/data/source.h"

#include <filesystem>

namespace digitrec {

/// What reads folders of pictures as data sets. digitrec::image has it, with the decoders behind it; a program that
/// reads tables alone links neither.
struct PictureReader {
  /// The folder below which each class has one of its own, for the purpose; empty where there is none.
  std::filesystem::path (*find)(const std::filesystem::path& folder, Purpose purpose);
  /// Throws Error.
  Dataset (*load)(const std::filesystem::path& folder, Framing framing, int64_t max_rows);
};

/// Lets load_dataset() read folders of pictures from now on.
void set_picture_reader(const PictureReader& reader);

/// Finds nothing until one is set.
const PictureReader& picture_reader();

}  // namespace digitrec
