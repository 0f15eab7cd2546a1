#include "data/formats.h"

#include "core/names.h"
#include "data/arrays.h"
#include "data/byte_stream.h"
#include "data/csv.h"
#include "data/idx.h"

#include <algorithm>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

bool holds(const std::string& name, std::string_view word) { return name.find(word) != std::string::npos; }

bool is_idx_images(const std::string& name) {
  return holds(name, "images") && (holds(name, "idx") || holds(name, "ubyte") || !holds(name, "."));
}

bool is_test(const std::string& name) { return holds(name, "test") || holds(name, "t10k"); }

bool is_npy_images(const std::string& name, std::string_view ending) {
  return name.ends_with(ending) && has_image_array_name(name);
}

/// The file's name in lower case, without what only says how it is packed.
std::string plain_name(const fs::path& file) {
  std::string name = lower_case(file.filename().string());
  for (const std::string_view ending : {".gz", ".zip"}) {
    if (name.ends_with(ending)) name.erase(name.size() - ending.size());
  }
  return name;
}

}  // namespace

// A format needs a row of this table and a reader, nothing else. tests/fuzz/CMakeLists.txt reads the names from here.
const std::vector<DataFormat>& data_formats() {
  static const std::vector<DataFormat> formats{
      {.name = "CSV",
       .train_files = {"train.csv"},
       .test_files = {"test.csv", "test_labels.csv"},
       .is_train_name = [](const std::string& name) { return name.ends_with("train.csv"); },
       .is_test_name = [](const std::string& name) { return name.ends_with("test.csv"); },
       .is_format = nullptr,
       .find_labels = find_test_labels,
       .load = load_csv},
      {.name = "IDX",
       .train_files = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
       .test_files = {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
       .is_train_name = [](const std::string& name) { return is_idx_images(name) && holds(name, "train"); },
       .is_test_name = [](const std::string& name) { return is_idx_images(name) && is_test(name); },
       .is_format =
           [](std::string_view beginning, const std::string& name) {
             return is_idx(beginning) || holds(name, "-ubyte") || name.ends_with(".idx");
           },
       .holds_mnist = true,
       .find_labels = find_idx_labels,
       .load = load_idx},
      {.name = "npz",
       .train_files = {"mnist.npz"},
       .test_files = {"mnist.npz"},
       .is_train_name = [](const std::string& name) { return name.ends_with(".npz") && !is_test(name); },
       .is_test_name = [](const std::string& name) { return name.ends_with(".npz") && !holds(name, "train"); },
       .is_format = [](std::string_view, const std::string& name) { return name.ends_with(".npz"); },
       .holds_mnist = true,
       .find_labels = find_array_labels,
       .load = load_npz},
      {.name = "npy",
       .train_files = {"x_train.npy", "y_train.npy"},
       .test_files = {"x_test.npy", "y_test.npy"},
       .is_train_name = [](const std::string& name) { return is_npy_images(name, ".npy") && !is_test(name); },
       .is_test_name = [](const std::string& name) { return is_npy_images(name, ".npy") && is_test(name); },
       .is_format = [](std::string_view beginning, const std::string&) { return beginning.starts_with("\x93NUMPY"); },
       .find_labels = find_array_labels,
       .load = load_npy},
  };
  return formats;
}

std::string data_format_names() {
  std::vector<std::string> names;
  for (const DataFormat& format : data_formats()) names.push_back(format.name);
  const std::string last = names.back();
  names.pop_back();
  return join(names) + " or " + last;
}

const DataFormat& format_of(const fs::path& file) {
  constexpr size_t kEnough = 16;
  const std::string name = plain_name(file);
  const std::string beginning = read_beginning(file, kEnough);
  const DataFormat* otherwise = nullptr;
  for (const DataFormat& format : data_formats()) {
    if (format.is_format == nullptr) {
      otherwise = &format;
    } else if (format.is_format(beginning, name)) {
      return format;
    }
  }
  return *otherwise;
}

std::vector<FoundFile> find_files(const DataFolder& folder, bool is_training) {
  std::vector<FoundFile> found;
  for (const DataFormat& format : data_formats()) {
    std::vector<fs::path> files = folder.find([&](const std::string& file) {
      const std::string name = plain_name(file);
      return is_training ? format.is_train_name(name) : format.is_test_name(name);
    });
    const std::string& usual = (is_training ? format.train_files : format.test_files).front();
    const auto has_usual_name = [&](const fs::path& file) { return plain_name(file) == usual; };
    if (std::any_of(files.begin(), files.end(), has_usual_name)) {
      std::erase_if(files, [&](const fs::path& file) { return !has_usual_name(file); });
      files.resize(1);  // plain before packed
    }
    // Archives of labels alone, such as KMNIST's, are named as archives of images may be.
    std::vector<fs::path> labels;
    for (const fs::path& file : files) labels.push_back(format.find_labels(file));
    std::erase_if(files,
                  [&](const fs::path& file) { return std::find(labels.begin(), labels.end(), file) != labels.end(); });
    for (const fs::path& file : files) found.push_back({file, &format});
  }
  return found;
}

std::vector<fs::path> find_other_tables(const DataFolder& folder) {
  std::vector<fs::path> tables = folder.find([](const std::string& file) {
    const std::string name = plain_name(file);
    return name.ends_with(".csv") && !is_test(name) && !holds(name, "submission") && !holds(name, "label");
  });
  const auto begins_with_picture = [&](const fs::path& below) {
    const DataFolder place(below);
    return !place.files().empty() && begins_as_picture(place.files().front());
  };
  const auto is_of_run = [](const fs::path& file) { return file.extension() == ".safetensors"; };
  if (std::any_of(folder.files().begin(), folder.files().end(), is_of_run)) return {};
  const bool has_pictures =
      !tables.empty() && (std::any_of(folder.files().begin(), folder.files().end(), begins_as_picture) ||
                          std::any_of(folder.folders().begin(), folder.folders().end(), begins_with_picture));
  return has_pictures ? std::vector<fs::path>{} : tables;
}

std::optional<fs::path> find_plain_or_gzip(const fs::path& folder, const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"}) {
    if (can_be_read_again(folder / candidate)) return folder / candidate;
  }
  return std::nullopt;
}

}  // namespace digitrec
