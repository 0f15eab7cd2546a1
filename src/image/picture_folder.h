#pragma once

#include "digitrec/data/source.h"
#include "digitrec/image/pictures.h"

#include <filesystem>

namespace digitrec {

/// The folder below which each class has one of its own with its pictures in it: `folder`, or the one in it for the
/// purpose (train, or test, val). Empty where there is none.
std::filesystem::path find_class_folders(const std::filesystem::path& folder, Purpose purpose);

/// The folder of pictures to predict beside one to train on: test/, or else val/, whether sorted by classes or not.
/// Empty where there are not both.
std::filesystem::path find_test_folder(const std::filesystem::path& folder);

/// Reads the pictures of the zip archive that `folder` is or lies in, which is opened once; empty for a folder of
/// files.
PictureBytes bytes_below(const std::filesystem::path& folder);

/// Loads a folder of pictures, one a class, as torchvision's ImageFolder: pictures may lie in folders below the
/// class's, those beside the class folders are left out, as the reading says. The folders' names, sorted, are the
/// classes'; folders of the numbers 0, 1, 2, ... are these labels. Pictures come to 28 x 28 pixels, or without framing
/// to their own size where they all have the same. `max_rows` > 0 takes that many, of each class about as many. Throws
/// Error, which names the first picture that cannot be read and how many there are.
Dataset load_picture_folder(const std::filesystem::path& folder, Framing framing, int64_t max_rows);

}  // namespace digitrec
