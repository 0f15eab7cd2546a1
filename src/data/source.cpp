#include "digitrec/data/source.h"

#include "digitrec/core/error.h"
#include "digitrec/core/file.h"
#include "digitrec/data/csv.h"
#include "digitrec/data/idx.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// `folder/name` or `folder/name.gz`, whichever is there.
std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"}) {
    if (fs::exists(folder / candidate)) return folder / candidate;
  }
  return std::nullopt;
}

bool is_idx_name(const fs::path& path) { return path.filename().string().find("-ubyte") != std::string::npos; }

/// train-images-idx3-ubyte.gz -> train-labels-idx1-ubyte, beside it, plain or gzip.
std::optional<fs::path> labels_beside(const fs::path& images) {
  std::string name = images.filename().string();
  const auto position = name.find("images-idx3");
  if (position == std::string::npos) return std::nullopt;
  name.replace(position, 11, "labels-idx1");
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return find_file(images.parent_path(), name);
}

Dataset load_idx(const fs::path& images, Purpose purpose, int64_t max_rows) {
  if (purpose == Purpose::predict) return read_idx_images(images, max_rows);
  const auto labels = labels_beside(images);
  if (!labels && purpose == Purpose::inspect) return read_idx_images(images, max_rows);
  if (!labels) {
    throw Error(fmt::format("{}: no label file beside it; expected one named like train-labels-idx1-ubyte",
                            images.string()));
  }
  return read_idx(images, *labels, max_rows);
}

/// test.csv with the labels of test_labels.csv, as `data synth` writes them.
Dataset load_kaggle_test_with_labels(const fs::path& folder, const fs::path& test, int64_t max_rows) {
  const auto labels_file = find_file(folder, "test_labels.csv");
  if (!labels_file) {
    throw Error(fmt::format("{}: has no labels (Kaggle withholds them) and there is no test_labels.csv beside it; name "
                            "a labelled file, such as {}",
                            test.string(), (folder / "train.csv").string()));
  }
  Dataset dataset = read_csv(test, Labels::ignored, max_rows);
  std::vector<int64_t> labels = read_id_label_csv(*labels_file);
  const auto count = static_cast<int64_t>(labels.size());
  if (max_rows > 0 ? count < dataset.size() : count != dataset.size()) {
    throw Error(fmt::format("{}: {} labels for the {} images of {}; expected as many", labels_file->string(), count,
                            dataset.size(), test.string()));
  }
  labels.resize(static_cast<size_t>(dataset.size()));
  dataset.labels = torch::tensor(labels, torch::kInt64);
  return dataset;
}

Dataset load_folder(const fs::path& folder, Purpose purpose, int64_t max_rows) {
  const bool train = purpose == Purpose::train;
  const auto csv = find_file(folder, train ? "train.csv" : "test.csv");
  const auto idx = find_file(folder, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte");
  if (csv && idx) {
    throw Error(fmt::format("{}: holds both {} and {}; name the one to use", folder.string(), csv->filename().string(),
                            idx->filename().string()));
  }
  if (idx) return load_idx(*idx, purpose, max_rows);
  if (!csv) {
    throw Error(fmt::format("{}: no {}; get Kaggle's or MNIST's files with scripts/get_data.sh, or make synthetic "
                            "digits with: digitrec data synth --out {}",
                            folder.string(), train ? "train.csv or train-images-idx3-ubyte" : "test.csv or t10k-images-idx3-ubyte",
                            folder.string()));
  }
  if (purpose == Purpose::evaluate) return load_kaggle_test_with_labels(folder, *csv, max_rows);
  return read_csv(*csv, train ? Labels::required : Labels::ignored, max_rows);
}

}  // namespace

Dataset load_dataset(const fs::path& path, Purpose purpose, int64_t max_rows) {
  if (fs::is_directory(path)) return load_folder(path, purpose, max_rows);
  require_file(path);
  if (is_idx_name(path)) return load_idx(path, purpose, max_rows);
  // The test file that `data synth` writes may be named alone: its labels stand beside it.
  const std::string name = path.filename().string();
  if (purpose == Purpose::evaluate && (name == "test.csv" || name == "test.csv.gz") &&
      find_file(path.parent_path(), "test_labels.csv")) {
    return load_kaggle_test_with_labels(path.parent_path(), path, max_rows);
  }
  const Labels labels = purpose == Purpose::predict   ? Labels::ignored
                        : purpose == Purpose::inspect ? Labels::optional
                                                      : Labels::required;
  return read_csv(path, labels, max_rows);
}

bool may_hold_kaggle_test_images(const Dataset& dataset) {
  return is_idx_name(dataset.source) && dataset.image_size() == 28 && dataset.has_labels() && dataset.num_classes() == 10;
}

std::vector<fs::path> find_data_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* name : {"train.csv", "test.csv", "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"}) {
    if (const auto file = find_file(folder, name)) files.push_back(*file);
  }
  return files;
}

}  // namespace digitrec
