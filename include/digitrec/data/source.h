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

/// Loads the images that `--data PATH` means: a folder with Kaggle's CSV files, MNIST's IDX files or Keras's
/// mnist.npz, or one such file; CSV and IDX may be gzip. The labels of an IDX image file are in the file beside it.
/// Only `predict` and `inspect` give a Dataset without labels. `max_rows` > 0 stops after that many images.
///
/// Throws Error when there is nothing, when a folder holds several formats, for a broken file, and for missing labels.
Dataset load_dataset(const std::filesystem::path& path, Purpose purpose, int64_t max_rows = 0);

/// Whether these could be MNIST's own images, which Kaggle's Digit Recognizer competition draws its test set from: a
/// model trained on them has seen that test set.
bool may_hold_kaggle_test_images(const Dataset& dataset);

/// The files in a folder to train on and to test on, in that order; empty when there are none. For `data info`.
std::vector<std::filesystem::path> find_data_files(const std::filesystem::path& folder);

}  // namespace digitrec
