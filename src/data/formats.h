#pragma once

#include "digitrec/data/dataset.h"
#include "digitrec/data/source.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// A file format of data sets. The rest of the program knows formats only by the table of them: it decides which file
/// of a folder is read, which names messages and help show, and what is fuzzed.
struct DataFormat {
  std::string name;  ///< for messages: "CSV"
  /// The usual names of its files, the one with the images first, then those read with it. Each may be gzip.
  std::vector<std::string> train_files;
  std::vector<std::string> test_files;
  /// Whether a file, which exists, is of this format; null for the one row that takes what no other does.
  bool (*is_format)(const std::filesystem::path& file);
  bool holds_mnist = false;  ///< usually holds MNIST as published, which contains Kaggle's test images
  /// Reads the file, and the files beside it that belong to it. Throws Error.
  Dataset (*load)(const std::filesystem::path& file, Purpose purpose, int64_t max_rows);
};

/// All formats, the most common first.
const std::vector<DataFormat>& data_formats();

/// "CSV, IDX or npz"
std::string data_format_names();

/// `folder/name`, or else `folder/name.gz`, if it exists.
std::optional<std::filesystem::path> find_plain_or_gzip(const std::filesystem::path& folder, const std::string& name);

}  // namespace digitrec
