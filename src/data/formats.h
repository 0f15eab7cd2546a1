#pragma once

#include "digitrec/data/dataset.h"
#include "digitrec/data/source.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// A format that data sets come in. The table of them is all that the rest of the program knows of formats: which file
/// of a folder is taken, what messages and help name, and what is fuzzed follow from its rows.
struct DataFormat {
  std::string name;  ///< as users call it: "CSV"
  /// The usual names of its files, the one with the images first, then those that are read with it. Each may be gzip.
  std::vector<std::string> train_files;
  std::vector<std::string> test_files;
  /// Whether a file, which exists, is of this format. Asked from the first row to the last; the last takes what is left.
  bool (*is_format)(const std::filesystem::path& file);
  bool holds_mnist = false;  ///< the usual carrier of MNIST as its authors cut it, Kaggle's test images among it
  /// Reads the file, and what belongs to it beside it. Throws Error.
  Dataset (*load)(const std::filesystem::path& file, Purpose purpose, int64_t max_rows);
};

const std::vector<DataFormat>& data_formats();

/// "CSV, IDX or npz"
std::string data_format_names();

/// `folder/name` or `folder/name.gz`, whichever is there.
std::optional<std::filesystem::path> find_plain_or_gzip(const std::filesystem::path& folder, const std::string& name);

}  // namespace digitrec
