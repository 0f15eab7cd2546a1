#pragma once

#include "digitrec/data/dataset.h"

#include <filesystem>
#include <vector>

namespace digitrec {

/// What the data is for, which decides the file taken from a folder.
enum class Purpose {
  train,     ///< train.csv, or train-images with train-labels
  evaluate,  ///< test.csv with test_labels.csv, or t10k-images with t10k-labels
  predict,   ///< test.csv, or t10k-images; labels are not needed and not read
  inspect,   ///< one file, with its labels if it has them
};

/// How pictures become images of one size.
enum class Framing {
  digits,  ///< ink found, cut out and centred, as MNIST's are
  none,    ///< the whole picture, scaled
};

struct DataOptions {
  int64_t max_rows = 0;                 ///< > 0: stops after that many images
  bool transpose = false;               ///< swap rows and columns: EMNIST's images lie on their side
  Framing framing = Framing::digits;    ///< of pictures
  std::filesystem::path class_names{};  ///< a text file, see name_classes(); empty: none
  bool transpose_pictures = true;       ///< whether `transpose` is of folders of pictures too

  bool operator==(const DataOptions&) const = default;
};

/// Loads the images that `--data PATH` means: a folder with data files, or one of these; a folder of pictures, one a
/// class; and what is in a zip archive, as if it were a folder. The formats and their files are those of
/// docs/data.md. Only `predict` and `inspect` give a Dataset without labels.
///
/// Throws Error when there is nothing, when a folder holds several formats, for a broken file, and for missing labels.
Dataset load_dataset(const std::filesystem::path& path, Purpose purpose, const DataOptions& options = {});

/// Whether these could be MNIST's own images, which Kaggle's Digit Recognizer competition draws its test set from: a
/// model trained on them has seen that test set.
bool may_hold_kaggle_test_images(const Dataset& dataset);

/// Whether a path is a folder of data rather than a file: a folder, or a zip archive.
bool is_data_folder(const std::filesystem::path& path);

/// What a folder or a zip archive holds to train on and to test on, in that order: files, or folders of pictures, one a
/// class. Empty when there is nothing. For `data info`.
std::vector<std::filesystem::path> find_data_files(const std::filesystem::path& folder);

}  // namespace digitrec
