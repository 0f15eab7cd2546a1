#include "data/arrays.h"

#include "core/names.h"
#include "data/archive.h"
#include "data/byte_stream.h"
#include "data/npy.h"
#include "data/npz_arrays.h"
#include "data/pixels.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <ATen/ops/tensor.h>
#include <algorithm>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxHeader = 1 << 16;
constexpr std::string_view kNpz = ".npz archive, as numpy.savez writes it";

/// An array, its header read.
class Array {
 public:
  /// `read`: gives the next bytes of the .npy, or throws Error.
  Array(std::string name, std::function<std::string(size_t)> read) : name_(std::move(name)), read_(std::move(read)) {
    std::string head = read_(kNpyPrefix);
    const auto [begin, size] = npy_text(head, name_);
    if (size > kMaxHeader) throw Error(fmt::format("{}: a header of {} bytes; was it altered?", name_, size));
    if (begin + size > head.size()) head += read_(begin + size - head.size());
    header_ = parse_npy_header(std::string_view(head).substr(begin, size), name_);
    surplus_ = head.substr(begin + size);
  }

  const std::string& name() const { return name_; }
  const NpyHeader& header() const { return header_; }
  int64_t rows() const { return header_.shape.empty() ? 0 : header_.shape.front(); }
  /// The first rows, of so many numbers each: `max_rows` of them, or all for 0.
  std::string read(int64_t numbers, int64_t max_rows) {
    const int64_t wanted = max_rows > 0 ? std::min(rows(), max_rows) : rows();
    const int64_t read = header_.is_fortran_order ? rows() : wanted;  // a row lies all over the file then
    const auto size = static_cast<size_t>(read * numbers * size_of(header_.type));
    std::string bytes = surplus_.substr(0, size);
    bytes += read_(size - bytes.size());
    bytes = in_our_order(std::move(bytes), header_);
    bytes.resize(static_cast<size_t>(wanted * numbers * size_of(header_.type)));
    return bytes;
  }

 private:
  std::string name_;
  std::function<std::string(size_t)> read_;
  NpyHeader header_;
  std::string surplus_;  ///< elements that were read with the prefix, when the header is shorter than NumPy's
};

Array array_in(const Archive& archive, const std::string& name) {
  auto entry = std::make_shared<ArchiveEntry>(archive, name + ".npy");
  return {entry->name(), [entry](size_t size) { return entry->read(size); }};
}

Array array_of(const fs::path& path) {
  auto stream = std::make_shared<ByteStream>(path);
  return {path.string(), [stream](size_t size) {
            constexpr size_t kChunk = 1 << 22;
            std::string bytes;
            while (bytes.size() < size) {  // memory grows with what arrives, not with what the header promises
              const size_t before = bytes.size();
              const size_t want = std::min(kChunk, size - before);
              bytes.resize(before + want);
              bytes.resize(before + stream->read(bytes.data() + before, want));
              if (bytes.size() < before + want) {
                throw Error(fmt::format("{}: ends after {} of {} bytes", stream->path().string(), bytes.size(), size),
                            "fetch it again");
              }
            }
            return bytes;
          }};
}

Dataset read_images(Array array, const fs::path& source, int64_t max_rows) {
  const int64_t side = side_of_images(array.header().shape, array.name());
  std::string reading;
  std::vector<uint8_t> pixels =
      pixels_of(array.read(side * side, max_rows), array.header().type, array.name(), reading);
  Dataset dataset = make_dataset(std::move(pixels), {}, side, source.string());
  dataset.reading = reading;
  return dataset;
}

/// `images`: how many there are in the file.
void read_labels(Dataset& dataset, Array array, int64_t images, Purpose purpose, int64_t max_rows) {
  const std::vector<int64_t>& shape = array.header().shape;
  const int64_t columns = shape.size() == 2 ? shape[1] : 1;
  if (shape.empty() || shape.size() > 2 || columns < 1 || columns > kMaxClasses || shape[0] != images) {
    throw Error(fmt::format("{}: {} labels; expected {}, one for each image", array.name(), shape_text(shape), images));
  }
  const NumberType type = array.header().type;
  const std::string numbers = array.read(columns, max_rows);
  if (columns == 1 && are_withheld(numbers, type)) {
    if (purpose == Purpose::inspect) return add_reading(dataset, "labels withheld");
    throw Error(
        fmt::format("{}: no labels, each is -1 or NaN, withheld as in a test set; expected labels", array.name()));
  }
  const std::vector<int64_t> labels =
      columns == 1 ? labels_of(numbers, type, array.name()) : one_hot_labels_of(numbers, type, columns, array.name());
  dataset.labels = at::tensor(labels, at::kLong);
  if (columns > 1) add_reading(dataset, "labels one-hot");
}

/// The arrays of an archive, without ".npy".
std::vector<std::string> array_names(const Archive& archive) {
  std::vector<std::string> names;
  for (const std::string& entry : archive.entries()) {
    if (entry.ends_with(".npy")) names.push_back(entry.substr(0, entry.size() - 4));
  }
  return names;
}

std::vector<int64_t> shape_in(const Archive& archive, const std::string& name) {
  return array_in(archive, name).header().shape;
}

NpzArrays find_arrays(const Archive& archive, const std::vector<std::string>& names, Purpose purpose) {
  return find_npz_arrays(names, purpose, [&](const std::string& name) { return shape_in(archive, name); });
}

/// "holds a (60000 x 28 x 28), b (60000)"
std::string list_arrays(const Archive& archive, const std::vector<std::string>& names) {
  constexpr size_t kListed = 6;
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min(kListed, names.size()); ++i)
    parts.push_back(fmt::format("{} ({})", names[i], shape_text(shape_in(archive, names[i]))));
  return parts.empty() ? "holds no arrays" : "holds " + join_first(std::move(parts), names.size());
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// A name with the first `from` in it replaced, whatever its case, which may be kept: Y for X. Empty where there is
/// none.
std::string replaced(const std::string& name, std::string_view from, std::string_view to, bool keeps_case) {
  const size_t at = lower_case(name).find(from);
  if (at == std::string::npos) return "";
  std::string cased(to);
  for (size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
    if (keeps_case && is_upper(name[at + i])) cased[i] = static_cast<char>(cased[i] - 'a' + 'A');
  }
  return name.substr(0, at) + cased + name.substr(at + from.size());
}

}  // namespace

bool has_image_array_name(const std::string& name) {
  const std::string lower = lower_case(name);
  const bool has_x = lower.starts_with("x_") || lower.starts_with("x.") || lower.find("_x.") != std::string::npos;
  const bool has_set_and_x = lower.starts_with("trainx.") || lower.starts_with("testx.");
  const bool has_data = lower.find("data.") != std::string::npos || lower.find("features") != std::string::npos;
  return has_x || has_set_and_x || has_data || lower.find("image") != std::string::npos ||
         lower.find("imgs") != std::string::npos;
}

fs::path find_array_labels(const fs::path& images) {
  const std::string name = images.filename().string();
  constexpr std::array<ArrayNames, 11> kPairs{{{"images", "labels"},
                                               {"image", "label"},
                                               {"imgs", "labels"},
                                               {"features", "labels"},
                                               {"features", "targets"},
                                               {"data", "labels"},
                                               {"data", "label"},
                                               {"data", "targets"},
                                               {"data", "target"},
                                               {"_x.", "_y."},
                                               {"x", "y"}}};
  for (const ArrayNames& pair : kPairs) {
    for (const bool keeps_case : {true, false}) {  // X_train with Y_train, or as in mathematics with y_train
      const std::string other = replaced(name, pair.images, pair.labels, keeps_case);
      const fs::path labels = images.parent_path() / other;
      if (!other.empty() && can_be_read_again(labels)) return labels;
    }
  }
  const fs::path named = images.parent_path() / (images.stem().string() + "-labels" + images.extension().string());
  return can_be_read_again(named) ? named : fs::path{};
}

std::optional<Purpose> purpose_of_test_part(const fs::path& path) {
  const Archive archive(path, std::string(kNpz));
  const std::vector<std::string> names = array_names(archive);
  if (!has_two_parts(names)) return std::nullopt;
  return find_arrays(archive, names, Purpose::evaluate).labels.empty() ? Purpose::predict : Purpose::evaluate;
}

Dataset load_npz(const fs::path& path, Purpose purpose, int64_t max_rows) {
  const Archive archive(path, std::string(kNpz));
  const std::vector<std::string> names = array_names(archive);
  const NpzArrays found = find_arrays(archive, names, purpose);
  const bool is_test = purpose == Purpose::evaluate || purpose == Purpose::predict;
  if (found.images.empty()) {
    throw Error(fmt::format("{}: {}; expected {} with labels {}, as Keras names them", path.string(),
                            list_arrays(archive, names), is_test ? "x_test" : "x_train",
                            is_test ? "y_test" : "y_train"));
  }
  Array images = array_in(archive, found.images);
  const int64_t rows = images.rows();
  Dataset dataset = read_images(std::move(images), path, max_rows);
  if (has_two_parts(names)) add_reading(dataset, found.images);
  if (purpose == Purpose::predict) return dataset;
  if (!found.labels.empty()) {
    read_labels(dataset, array_in(archive, found.labels), rows, purpose, max_rows);
  } else if (const fs::path beside = find_array_labels(path); !beside.empty() && is_archive(beside)) {
    const Archive other(beside, std::string(kNpz));
    const std::vector<std::string> others = array_names(other);
    if (others.size() == 1) read_labels(dataset, array_in(other, others.front()), rows, purpose, max_rows);
  }
  if (!dataset.has_labels() && purpose != Purpose::inspect) {
    throw Error(fmt::format("{}: has no array {} with the labels of {}", path.string(), is_test ? "y_test" : "y_train",
                            found.images));
  }
  return dataset;
}

Dataset load_npy(const fs::path& path, Purpose purpose, int64_t max_rows) {
  Array images = array_of(path);
  const int64_t rows = images.rows();
  Dataset dataset = read_images(std::move(images), path, max_rows);
  if (purpose == Purpose::predict) return dataset;
  const fs::path labels = find_array_labels(path);
  if (!labels.empty()) {
    read_labels(dataset, array_of(labels), rows, purpose, max_rows);
  } else if (purpose != Purpose::inspect) {
    throw Error(
        fmt::format("{}: no labels beside it; expected a file named like y_train.npy for x_train.npy", path.string()));
  }
  return dataset;
}

}  // namespace digitrec
