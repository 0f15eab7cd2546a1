#pragma once

#include "data/data_folder.h"
#include "digitrec/data/dataset.h"
#include "digitrec/data/source.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// A file format of data sets. The rest of the program knows formats only by the table of them: it decides which file
/// of a folder is read, which names messages and help show, and what is fuzzed.
struct DataFormat {
  std::string name;  ///< for messages: "CSV"
  /// The usual names of its files, the one with the images first, then those read with it. Each may be gzip.
  std::vector<std::string> train_files;
  std::vector<std::string> test_files;
  /// Whether a file in a folder is named as one of images to train on is, and to test on. `name`: in lower case,
  /// without .gz or .zip.
  bool (*is_train_name)(const std::string& name);
  bool (*is_test_name)(const std::string& name);
  /// Whether a file, which exists, is of this format by its first bytes, unpacked, and its name in lower case; null for
  /// the one row that takes what no other does.
  bool (*is_format)(std::string_view beginning, const std::string& name);
  bool holds_mnist = false;  ///< usually holds MNIST as published, which contains Kaggle's test images
  /// The file of labels beside one of images; empty where there is none.
  std::filesystem::path (*find_labels)(const std::filesystem::path& images);
  /// Reads the file, and the files beside it that belong to it. Throws Error.
  Dataset (*load)(const std::filesystem::path& file, Purpose purpose, int64_t max_rows);
};

/// All formats, the most common first.
const std::vector<DataFormat>& data_formats();

/// "CSV, IDX, npz or npy"
std::string data_format_names();

/// The format of a file.
const DataFormat& format_of(const std::filesystem::path& file);

/// A file of images in a folder, and its format.
struct FoundFile {
  std::filesystem::path file;
  const DataFormat* format;
};

/// The files directly in a folder to train on, or to test on. Where one has the usual name, others named like it are
/// left out.
std::vector<FoundFile> find_files(const DataFolder& folder, bool is_training);

/// The CSV files directly in a folder whose names say nothing of what they are for: mnist_784.csv. None where pictures
/// lie beside them or in the folders below, which they may be about, and none in the folder of a run.
std::vector<std::filesystem::path> find_other_tables(const DataFolder& folder);

/// `folder/name`, or else `folder/name.gz`, if it exists.
std::optional<std::filesystem::path> find_plain_or_gzip(const std::filesystem::path& folder, const std::string& name);

}  // namespace digitrec
