#include "digitrec/data/source.h"

#include "core/file.h"
#include "data/formats.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// "train.csv or train-images-idx3-ubyte or mnist.npz"
std::string usual_files(bool is_training) {
  std::string names;
  for (const DataFormat& format : data_formats()) {
    names += (names.empty() ? "" : " or ") + (is_training ? format.train_files : format.test_files).front();
  }
  return names;
}

const DataFormat& format_of(const fs::path& file) {
  const DataFormat* otherwise = nullptr;
  for (const DataFormat& format : data_formats()) {
    if (format.is_format == nullptr) {
      otherwise = &format;
    } else if (format.is_format(file)) {
      return format;
    }
  }
  return *otherwise;
}

Dataset load_folder(const fs::path& folder, Purpose purpose, int64_t max_rows) {
  const bool is_training = purpose == Purpose::train;
  const DataFormat* format = nullptr;
  fs::path file;
  for (const DataFormat& candidate : data_formats()) {
    const auto& names = is_training ? candidate.train_files : candidate.test_files;
    const auto found = find_plain_or_gzip(folder, names.front());
    if (!found) continue;
    if (format != nullptr) {
      throw Error(fmt::format("{}: holds both {} and {}", folder.string(), file.filename().string(),
                              found->filename().string()),
                  "name the one to use");
    }
    format = &candidate;
    file = *found;
  }
  if (format == nullptr) {
    throw Error(
        fmt::format("{}: no {}", folder.string(), usual_files(is_training)),
        fmt::format("get Kaggle's or MNIST's files with scripts/setup/get_data.sh, or make synthetic digits with: "
                    "digitrec data synth --out {}",
                    folder.string()));
  }
  return format->load(file, purpose, max_rows);
}

}  // namespace

Dataset load_dataset(const fs::path& path, Purpose purpose, int64_t max_rows) {
  // Of the usual folder, missing, the same is said as of an empty one.
  if (fs::is_directory(path) || (path == "data" && !fs::exists(path))) return load_folder(path, purpose, max_rows);
  require_file(path);
  return format_of(path).load(path, purpose, max_rows);
}

bool may_hold_kaggle_test_images(const Dataset& dataset) {
  return format_of(dataset.source).holds_mnist && dataset.image_size() == 28 && dataset.has_labels() &&
         dataset.num_classes() == 10;
}

std::vector<fs::path> find_data_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const bool is_training : {true, false}) {
    for (const DataFormat& format : data_formats()) {
      const auto& names = is_training ? format.train_files : format.test_files;
      const auto file = find_plain_or_gzip(folder, names.front());
      if (file && std::find(files.begin(), files.end(), *file) == files.end()) files.push_back(*file);
    }
  }
  return files;
}

}  // namespace digitrec
