#include "digitrec/data/source.h"

#include "core/file.h"
#include "core/file_kind.h"
#include "core/names.h"
#include "data/archive.h"
#include "data/byte_stream.h"
#include "data/class_numbers.h"
#include "data/contents.h"
#include "data/data_folder.h"
#include "data/formats.h"
#include "data/grey_levels.h"
#include "data/picture_reader.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// Where data is put and looked for when nothing is said.
constexpr const char* kUsualFolder = "data";

/// "train.csv, train-images-idx3-ubyte, mnist.npz, x_train.npy or folders of pictures"
std::string usual_files(bool is_training) {
  std::vector<std::string> names;
  for (const DataFormat& format : data_formats())
    names.push_back((is_training ? format.train_files : format.test_files).front());
  return join(names) + " or folders of pictures";
}

/// Folders that may lie between the one that is named and its files: torchvision's MNIST/raw, EMNIST's gzip, 7-Zip's
/// train-images.idx3-ubyte, what an archive is unpacked into. In an archive it may be any.
bool may_lie_between(const DataFolder& folder, const fs::path& below) {
  const std::string name = lower_case(below.filename().string());
  const auto holds = [&](const char* word) { return name.find(word) != std::string::npos; };
  return folder.is_in_archive() || name == "raw" || name == "data" || name == "archive" || name == "gzip" ||
         holds("mnist") || holds("idx") || holds("ubyte") || holds("digit");
}

/// The data files of a folder, or of those below that are one step, then two, away from it.
std::vector<FoundFile> find_near_files(const fs::path& folder, bool is_training) {
  constexpr int kMaxSteps = 3;
  std::vector<DataFolder> level{DataFolder(folder)};
  for (int step = 0; step < kMaxSteps; ++step) {
    std::vector<FoundFile> found;
    std::vector<DataFolder> next;
    for (const DataFolder& place : level) {
      const std::vector<FoundFile> here = find_files(place, is_training);
      found.insert(found.end(), here.begin(), here.end());
      for (const fs::path& below : place.folders()) {
        if (may_lie_between(place, below)) next.emplace_back(below);
      }
    }
    if (!found.empty()) return found;
    level = std::move(next);
  }
  return {};
}

/// What a zip archive that is named, or the only one in a folder, holds; empty for a folder of files.
fs::path only_archive(const fs::path& folder) {
  const DataFolder place(folder);
  if (place.is_in_archive()) return {};
  const std::vector<fs::path> archives = place.find([](const std::string& name) { return name.ends_with(".zip"); });
  return archives.size() == 1 && is_archive(archives.front()) ? archives.front() : fs::path{};
}

/// The only table of a folder to train on whatever its name, empty where there is none. Throws Error for several.
fs::path only_table(const fs::path& folder) {
  const std::vector<fs::path> tables = find_other_tables(DataFolder(folder));
  if (tables.size() < 2) return tables.empty() ? fs::path{} : tables.front();
  std::vector<std::string> names;
  constexpr size_t kNamed = 3;
  for (size_t i = 0; i < std::min(kNamed, tables.size()); ++i) names.push_back(tables[i].filename().string());
  throw Error(fmt::format("{}: holds {}, and none is named train.csv", folder.string(),
                          join_first(std::move(names), tables.size())),
              "name the one to use");
}

[[noreturn]] void fail_empty(const fs::path& folder, bool is_training) {
  const FileKind kind = is_archive(folder) ? kind_of_file(folder) : FileKind{};
  if (const Contents contents = describe_contents(folder); kind.hint.empty() && !contents.what.empty()) {
    throw Error(fmt::format("{}: {}; expected files of {}, or folders of pictures", folder.string(), contents.what,
                            data_format_names()),
                contents.hint);
  }
  if (is_archive(folder)) {
    throw Error(fmt::format("{}: {}; expected {} in it", folder.string(),
                            kind.name.empty() ? "a zip archive" : kind.name, usual_files(is_training)),
                std::string(kind.hint));
  }
  std::vector<fs::path> others = find_other_tables(DataFolder(folder));
  for (const FoundFile& found : find_near_files(folder, !is_training)) others.push_back(found.file);
  throw Error(fmt::format("{}: no {}", folder.string(), usual_files(is_training)),
              !others.empty() ? fmt::format("if {} is to be read, name it", others.front().string())
                              : fmt::format("get some with scripts/setup/get_data.sh or digitrec data synth --out {}",
                                            shell_word(folder.string())));
}

/// The data file that a folder or an archive means. `found`: its find_near_files().
FoundFile choose_file(const fs::path& folder, bool is_training, const std::vector<FoundFile>& found) {
  if (found.size() > 1) {
    throw Error(
        fmt::format("{}: holds both {} and {}", folder.string(), found[0].file.lexically_relative(folder).string(),
                    found[1].file.lexically_relative(folder).string()),
        "name the one to use");
  }
  if (found.size() == 1) return found.front();
  const bool is_whole_archive = kind_of_file(folder).name == "a zip archive";
  if (is_whole_archive || split_archive_path(folder)) {
    if (const std::vector<fs::path> files = files_below(folder); files.size() == 1)
      return {files.front(), &format_of(files.front())};
  }
  fail_empty(folder, is_training);
}

Dataset load(const fs::path& path, Purpose purpose, const DataOptions& options) {
  if (is_data_folder(path)) {
    const bool is_training = purpose == Purpose::train;
    const std::vector<FoundFile> found = find_near_files(path, is_training);
    if (found.empty()) {
      const fs::path classes = picture_reader().find(path, purpose);
      if (!classes.empty()) return picture_reader().load(classes, options.framing, options.max_rows);
      if (const fs::path archive = only_archive(path); !archive.empty()) return load(archive, purpose, options);
      if (const fs::path table = is_training ? only_table(path) : fs::path{}; !table.empty())
        return format_of(table).load(table, purpose, options.max_rows);
    }
    const FoundFile chosen = choose_file(path, is_training, found);
    // A file in an archive of its own, such as train.csv.zip in a folder.
    if (is_archive(chosen.file) && DataFolder::exists(chosen.file)) return load(chosen.file, purpose, options);
    return chosen.format->load(chosen.file, purpose, options.max_rows);
  }
  const bool is_in_archive = split_archive_path(path).has_value();
  const bool is_missing = !is_in_archive && !fs::exists(path);
  if (is_missing && path == kUsualFolder) fail_empty(path, purpose == Purpose::train);
  if (is_missing && !path.has_extension())  // may be meant as either
    throw Error(fmt::format("{}: no such file or folder", path.string()), "check the path");
  if (!is_in_archive) require_file(path);
  return format_of(path).load(path, purpose, options.max_rows);
}

bool is_named_emnist(const Dataset& dataset) {
  const std::string name = lower_case(fs::path(dataset.source).filename().string());
  return name.find("emnist") != std::string::npos;
}

}  // namespace

Dataset load_dataset(const fs::path& path, Purpose purpose, const DataOptions& options) {
  Dataset dataset = load(path, purpose, options);
  const bool are_pictures = is_data_folder(dataset.source);  // which come from a folder, other data from a file
  if (!are_pictures) look_at_grey_levels(dataset);
  if (options.transpose && (options.transpose_pictures || !are_pictures)) {
    dataset.images = dataset.images.transpose(1, 2).contiguous();
    add_reading(dataset, "rows and columns swapped");
  } else if (is_named_emnist(dataset)) {
    add_reading(dataset, "EMNIST's images lie on their side: --transpose turns them");
  }
  if (!options.class_names.empty()) {
    name_classes(dataset, options.class_names);
  } else if (const fs::path mapping = find_mapping(dataset.source); !mapping.empty() && dataset.has_labels()) {
    name_classes(dataset, mapping);
    add_reading(dataset, "classes: " + mapping.filename().string());
  } else {
    number_classes(dataset);
  }
  return dataset;
}

bool may_hold_kaggle_test_images(const Dataset& dataset) {
  if (dataset.image_size() != 28 || !dataset.has_labels() || dataset.num_classes() != 10) return false;
  const std::string name = fs::path(dataset.source).filename().string();
  return name.starts_with("mnist_train") || name.starts_with("mnist_test") || format_of(dataset.source).holds_mnist;
}

bool is_data_folder(const fs::path& path) { return DataFolder::exists(path); }

std::vector<fs::path> find_data_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const bool is_training : {true, false}) {
    for (const FoundFile& found : find_near_files(folder, is_training)) {
      if (std::find(files.begin(), files.end(), found.file) == files.end()) files.push_back(found.file);
    }
  }
  if (!files.empty()) return files;
  for (const Purpose purpose : {Purpose::train, Purpose::evaluate}) {
    const fs::path classes = picture_reader().find(folder, purpose);
    if (!classes.empty() && (files.empty() || files.back() != classes)) files.push_back(classes);
  }
  if (!files.empty()) return files;
  const DataFolder place(folder);
  // Kaggle's archive alone in a folder; beside other files it may be anything.
  if (const fs::path archive = only_archive(folder); !archive.empty() && place.files().size() == 1)
    return find_data_files(archive);
  if (std::vector<fs::path> tables = find_other_tables(place); !tables.empty()) return tables;
  const bool is_single = place.is_in_archive() && place.files().size() == 1 && place.folders().empty();
  return is_single ? place.files() : files;
}

}  // namespace digitrec
