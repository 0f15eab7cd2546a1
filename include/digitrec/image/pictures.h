#pragma once

#include "digitrec/data/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// The files that hold pictures, or should.
struct PictureFiles {
  std::vector<std::filesystem::path> files;     ///< to be read: each gets its digits, or a reason why it has none
  std::vector<std::filesystem::path> left_out;  ///< in folders: hidden files, texts, folders
};

/// What `paths` name: files as given, "-" for stdin, and for a folder what is in it, by name. Files are told by their
/// first bytes: PNG, JPEG, BMP, GIF, WebP and TIFF whatever their names; of a folder of such pictures also what is
/// neither text nor hidden, since it may be meant as one. No `files` when `paths` is a single file or folder without
/// pictures, which then is a data set. Throws Error when a folder holds both, and when none of several paths is a
/// picture.
PictureFiles find_pictures(const std::vector<std::filesystem::path>& paths);

/// The digits of several pictures.
struct Pictures {
  Dataset digits;               ///< all of them, picture after picture, left to right; no images where there is none
  std::vector<int64_t> counts;  ///< how many each picture holds; 0 where it could not be read
  std::vector<std::string> reasons;  ///< why a picture has none, a line without the file's name; empty where it has
};

/// Reads pictures, cuts them into digits and frames each as MNIST's are, `image_size` pixels a side. What is wrong with
/// one of them keeps none of the others from being read.
Pictures load_pictures(const std::vector<std::filesystem::path>& files, int64_t image_size);

}  // namespace digitrec
