#include "data/npz.h"

#include "data/archive.h"
#include "data/npy.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxHeader = 1 << 16;

/// One array of an archive, its header read.
class Array {
 public:
  Array(const Archive& archive, const std::string& name) : entry_(archive, name + ".npy") {
    std::string head = entry_.read(kNpyPrefix);
    const auto [begin, size] = npy_text(head, entry_.name());
    if (size > kMaxHeader) throw Error(fmt::format("{}: a header of {} bytes; was it altered?", entry_.name(), size));
    if (begin + size > head.size()) head += entry_.read(begin + size - head.size());
    header_ = parse_npy_header(std::string_view(head).substr(begin, size), entry_.name());
    surplus_ = head.substr(begin + size);
  }

  const std::string& name() const { return entry_.name(); }
  const NpyHeader& header() const { return header_; }
  /// The first `size` bytes of its elements.
  std::string read(size_t size) {
    std::string bytes = surplus_.substr(0, size);
    return bytes + entry_.read(size - bytes.size());
  }

 private:
  ArchiveEntry entry_;
  NpyHeader header_;
  std::string surplus_;  ///< elements that were read with the prefix, when the header is shorter than NumPy's
};

std::string shape_text(const NpyHeader& header) {
  std::string text;
  for (const int64_t side : header.shape) text += fmt::format("{}{}", text.empty() ? "" : " x ", side);
  return text;
}

int64_t limited_rows(int64_t rows, int64_t max_rows) { return max_rows > 0 ? std::min(rows, max_rows) : rows; }

struct Images {
  std::vector<uint8_t> pixels;
  int64_t rows = 0;  ///< in the file; `pixels` may hold only the first of them
  int64_t side = 0;
};

Images read_images(Array array, int64_t max_rows) {
  const std::vector<int64_t>& shape = array.header().shape;
  const bool has_channel = shape.size() == 4 && shape[3] == 1;
  if (array.header().type != "|u1" || (shape.size() != 3 && !has_channel) || shape[1] != shape[2]) {
    throw Error(fmt::format("{}: {} of type {}; expected square images, uint8 N x side x side", array.name(),
                            shape_text(array.header()), array.header().type));
  }
  const int64_t side = shape[1];
  if (side < 1 || side > kMaxImageSize) {
    throw Error(fmt::format("{}: images of {} x {} pixels; expected a side of 1 to {}", array.name(), side, side,
                            kMaxImageSize));
  }
  if (shape[0] < 1) throw Error(fmt::format("{}: holds no images", array.name()));
  const std::string bytes = array.read(static_cast<size_t>(limited_rows(shape[0], max_rows) * side * side));
  return {{bytes.begin(), bytes.end()}, shape[0], side};
}

std::vector<int64_t> read_labels(Array array, int64_t images, int64_t max_rows) {
  const std::vector<int64_t>& shape = array.header().shape;
  const bool is_column = shape.size() == 2 && shape[1] == 1;
  if ((shape.size() != 1 && !is_column) || shape[0] != images) {
    throw Error(fmt::format("{}: {} labels; expected {}, one for each image", array.name(), shape_text(array.header()),
                            images));
  }
  const auto size = static_cast<size_t>(limited_rows(images, max_rows) * array.header().item_size);
  std::vector<int64_t> labels = npy_integers(array.read(size), array.header());
  const auto bad = std::find_if(labels.begin(), labels.end(), [](int64_t l) { return l < 0 || l >= kMaxClasses; });
  if (bad != labels.end()) {
    throw Error(fmt::format("{}: row {}: label {}; expected 0 to {}", array.name(), bad - labels.begin() + 1, *bad,
                            kMaxClasses - 1));
  }
  return labels;
}

}  // namespace

Dataset load_npz(const fs::path& path, Purpose purpose, int64_t max_rows) {
  const Archive archive(path, ".npz archive, as numpy.savez writes it");
  const bool is_test = purpose == Purpose::evaluate || purpose == Purpose::predict ||
                       (purpose == Purpose::inspect && !archive.has("x_train.npy"));
  const std::string images_name = is_test ? "x_test" : "x_train";
  const std::string labels_name = is_test ? "y_test" : "y_train";
  if (!archive.has(images_name + ".npy")) {
    throw Error(fmt::format("{}: has no array {}; expected {} with labels {}, as Keras names them", path.string(),
                            images_name, images_name, labels_name));
  }
  const bool needs_labels = purpose == Purpose::train || purpose == Purpose::evaluate;
  const bool has_labels = archive.has(labels_name + ".npy");
  if (needs_labels && !has_labels) {
    throw Error(fmt::format("{}: has no array {} with the labels of {}", path.string(), labels_name, images_name));
  }
  Images images = read_images(Array(archive, images_name), max_rows);
  std::vector<int64_t> labels;
  if (has_labels && purpose != Purpose::predict) {
    labels = read_labels(Array(archive, labels_name), images.rows, max_rows);
  }
  return make_dataset(std::move(images.pixels), std::move(labels), images.side, path.string());
}

}  // namespace digitrec
