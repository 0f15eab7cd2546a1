#include "data/formats.h"

#include "core/names.h"
#include "data/csv.h"
#include "data/idx.h"
#include "data/npz.h"

namespace digitrec {

namespace fs = std::filesystem;

// A format needs a row of this table and a reader, nothing else. tests/fuzz/CMakeLists.txt reads the names from here.
const std::vector<DataFormat>& data_formats() {
  static const std::vector<DataFormat> formats{
      {.name = "CSV",
       .train_files = {"train.csv"},
       .test_files = {"test.csv", "test_labels.csv"},
       .is_format = nullptr,
       .load = load_csv},
      {.name = "IDX",
       .train_files = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
       .test_files = {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
       .is_format = has_idx_name,
       .holds_mnist = true,
       .load = load_idx},
      {.name = "npz",
       .train_files = {"mnist.npz"},
       .test_files = {"mnist.npz"},
       .is_format = [](const fs::path& file) { return file.extension() == ".npz"; },
       .holds_mnist = true,
       .load = load_npz},
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

std::optional<fs::path> find_plain_or_gzip(const fs::path& folder, const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"}) {
    if (fs::exists(folder / candidate)) return folder / candidate;
  }
  return std::nullopt;
}

}  // namespace digitrec
