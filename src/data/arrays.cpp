#include "data/arrays.h"

#include "core/names.h"
#include "data/archive.h"
#include "data/byte_stream.h"
#include "data/npy.h"
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
    throw Error(fmt::format("{}: no labels, each is -1 or NaN, withheld as in a test set; expected labels",
                            array.name()));
  }
  const std::vector<int64_t> labels =
      columns == 1 ? labels_of(numbers, type, array.name()) : one_hot_labels_of(numbers, type, columns, array.name());
  dataset.labels = at::tensor(labels, at::kLong);
  if (columns > 1) add_reading(dataset, "labels one-hot");
}

struct Names {
  std::string_view images;
  std::string_view labels;
};

constexpr std::array kTrainNames{Names{"x_train", "y_train"},
                                 Names{"train_images", "train_labels"},
                                 Names{"train_x", "train_y"},
                                 Names{"images_train", "labels_train"},
                                 Names{"train_data", "train_labels"},
                                 Names{"training_images", "training_labels"},
                                 Names{"xtr", "ytr"},
                                 Names{"trainx", "trainy"}};
constexpr std::array kTestNames{Names{"x_test", "y_test"},
                                Names{"test_images", "test_labels"},
                                Names{"test_x", "test_y"},
                                Names{"images_test", "labels_test"},
                                Names{"test_data", "test_labels"},
                                Names{"x_val", "y_val"},
                                Names{"val_images", "val_labels"},
                                Names{"xte", "yte"},
                                Names{"testx", "testy"}};
constexpr std::array kOtherNames{Names{"images", "labels"}, Names{"images", "target"},   Names{"images", "targets"},
                                 Names{"x", "y"},           Names{"data", "labels"},     Names{"data", "target"},
                                 Names{"data", "targets"},  Names{"features", "labels"}, Names{"arr_0", "arr_1"},
                                 Names{"imgs", "labels"}};

/// The arrays of an archive, without ".npy".
std::vector<std::string> array_names(const Archive& archive) {
  std::vector<std::string> names;
  for (const std::string& entry : archive.entries()) {
    if (entry.ends_with(".npy")) names.push_back(entry.substr(0, entry.size() - 4));
  }
  return names;
}

std::string find_name(const std::vector<std::string>& names, std::string_view wanted) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const std::string& name) { return lower_case(name) == wanted; });
  return found == names.end() ? "" : *found;
}

/// An archive's names of its images and of their labels, each empty when it is not there.
struct Found {
  std::string images;
  std::string labels;
};

template <size_t N>
Found find_names(const std::vector<std::string>& names, const std::array<Names, N>& known) {
  for (const Names& pair : known) {
    const std::string images = find_name(names, pair.images);
    if (images.empty()) continue;
    // Of {data, labels} and {data, target} the second may be meant.
    const std::string labels = find_name(names, pair.labels);
    const bool is_last = &pair == &known.back() || (&pair + 1)->images != pair.images;
    if (!labels.empty() || is_last) return {images, labels};
  }
  return {};
}

/// Two arrays of any names of which one has the shape of images, the other that of as many labels.
Found find_by_shape(const Archive& archive, const std::vector<std::string>& names) {
  if (names.size() != 2) return {};
  const auto may_be_labels = [](const std::vector<int64_t>& shape) {
    return shape.size() == 1 || (shape.size() == 2 && shape[1] <= kMaxClasses);
  };
  const auto may_be_images = [](const std::vector<int64_t>& shape) {
    constexpr int64_t kLeastPixels = 64;  // one-hot labels are narrower
    return shape.size() > 2 || (shape.size() == 2 && shape[1] >= kLeastPixels);
  };
  const std::vector<int64_t> first = array_in(archive, names[0]).header().shape;
  const std::vector<int64_t> second = array_in(archive, names[1]).header().shape;
  if (first.empty() || second.empty() || first[0] != second[0]) return {};
  const bool is_first = may_be_images(first) && may_be_labels(second);
  const bool is_second = may_be_images(second) && may_be_labels(first);
  if (is_first == is_second) return {};
  return is_first ? Found{names[0], names[1]} : Found{names[1], names[0]};
}

Found find_arrays(const Archive& archive, const std::vector<std::string>& names, Purpose purpose) {
  const bool is_test = purpose == Purpose::evaluate || purpose == Purpose::predict;
  Found found = is_test ? find_names(names, kTestNames) : find_names(names, kTrainNames);
  if (found.images.empty() && purpose == Purpose::inspect) found = find_names(names, kTestNames);
  if (found.images.empty()) found = find_names(names, kOtherNames);
  if (found.images.empty() && names.size() == 1) found.images = names.front();
  if (found.images.empty()) found = find_by_shape(archive, names);
  return found;
}

bool has_two_parts(const std::vector<std::string>& names) {
  return !find_names(names, kTrainNames).images.empty() && !find_names(names, kTestNames).images.empty();
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
  const std::array pairs{
      Names{"images", "labels"},    Names{"image", "label"}, Names{"imgs", "labels"}, Names{"features", "labels"},
      Names{"features", "targets"}, Names{"data", "labels"}, Names{"data", "label"},  Names{"data", "targets"},
      Names{"data", "target"},      Names{"_x.", "_y."},     Names{"x", "y"}};
  for (const Names& pair : pairs) {
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
  const std::vector<std::string> names = array_names(Archive(path, std::string(kNpz)));
  if (!has_two_parts(names)) return std::nullopt;
  return find_names(names, kTestNames).labels.empty() ? Purpose::predict : Purpose::evaluate;
}

Dataset load_npz(const fs::path& path, Purpose purpose, int64_t max_rows) {
  const Archive archive(path, std::string(kNpz));
  const std::vector<std::string> names = array_names(archive);
  const Found found = find_arrays(archive, names, purpose);
  const bool is_test = purpose == Purpose::evaluate || purpose == Purpose::predict;
  if (found.images.empty()) {
    throw Error(fmt::format("{}: has no array {}; expected {} with labels {}, as Keras names them", path.string(),
                            is_test ? "x_test" : "x_train", is_test ? "x_test" : "x_train",
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
