#pragma once

#include "digitrec/data/source.h"
#include "digitrec/image/pictures.h"

#include <filesystem>

namespace digitrec {

/// Loads a folder of pictures, one a class, as torchvision's ImageFolder: pictures may lie in folders below the
/// class's, those beside the class folders are left out, as the reading says. The folders' names, sorted, are the
/// classes'; folders of the numbers 0, 1, 2, ... are these labels. Pictures come to 28 x 28 pixels, or without framing
/// to their own size where they all have the same. `max_rows` > 0 takes that many, of each class about as many. Throws
/// Error, which names the first picture that cannot be read and how many there are.
Dataset load_picture_folder(const std::filesystem::path& folder, Framing framing, int64_t max_rows);

}  // namespace digitrec
