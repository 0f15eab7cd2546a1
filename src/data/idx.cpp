#include "data/idx.h"

#include "data/byte_stream.h"
#include "data/formats.h"
#include "digitrec/core/error.h"

#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr uint32_t kImagesMagic = 0x00000803;
constexpr uint32_t kLabelsMagic = 0x00000801;

uint32_t read_big_endian(ByteStream& stream) {
  std::array<uint8_t, 4> bytes{};
  if (stream.read(bytes.data(), bytes.size()) != bytes.size()) {
    throw Error(fmt::format("{}: too short for an IDX header", stream.path().string()), "fetch the file again");
  }
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

void require_magic(ByteStream& stream, uint32_t expected, std::string_view what) {
  const uint32_t magic = read_big_endian(stream);
  if (magic != expected) {
    throw Error(fmt::format("{}: IDX magic is {:#010x}; expected {:#010x} (a file of {})", stream.path().string(),
                            magic, expected, what));
  }
}

/// A file may be small and yet unpack, by its header, to more than memory holds: digits shrink to a fifth or a tenth.
void require_plausible(const ByteStream& stream, uint64_t promised, uint64_t wanted) {
  constexpr uint64_t kAlwaysTaken = 64 << 20;
  constexpr uint64_t kMaxRatio = 100;
  const int64_t packed = stream.packed_size();
  if (packed < 0 || wanted <= std::max(kAlwaysTaken, kMaxRatio * static_cast<uint64_t>(packed))) return;
  throw Error(fmt::format("{}: the header promises {} bytes of data, more than {} times the file's own {}",
                          stream.path().string(), promised, kMaxRatio, packed),
              "fetch it again, or unpack it first if it is right");
}

/// Reads `wanted` of the `promised` bytes that should follow the header. Memory grows as bytes arrive, so that a false
/// header costs none. When all are wanted, the file must end with them.
std::vector<uint8_t> read_body(ByteStream& stream, uint64_t promised, uint64_t wanted) {
  constexpr uint64_t kChunk = 1 << 22;
  require_plausible(stream, promised, wanted);
  std::vector<uint8_t> bytes;
  while (bytes.size() < wanted) {
    const size_t before = bytes.size();
    const uint64_t want = std::min(kChunk, wanted - before);
    bytes.resize(before + want);
    const size_t got = stream.read(bytes.data() + before, want);
    if (got < want) {
      throw Error(fmt::format("{}: the header promises {} bytes of data, the file holds {}", stream.path().string(),
                              promised, before + got),
                  "fetch it again");
    }
  }
  uint8_t extra = 0;
  if (wanted == promised && stream.read(&extra, 1) != 0) {
    throw Error(fmt::format("{}: the file continues after the {} bytes of data that the header promises",
                            stream.path().string(), promised),
                "fetch it again");
  }
  return bytes;
}

/// train-images-idx3-ubyte.gz -> train-labels-idx1-ubyte in the same folder, plain or gzip, if it exists.
std::optional<fs::path> labels_beside(const fs::path& images) {
  std::string name = images.filename().string();
  const auto position = name.find("images-idx3");
  if (position == std::string::npos) return std::nullopt;
  name.replace(position, 11, "labels-idx1");
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return find_plain_or_gzip(images.parent_path(), name);
}

uint64_t limited(uint64_t count, int64_t limit) {
  return limit > 0 ? std::min(count, static_cast<uint64_t>(limit)) : count;
}

}  // namespace

Dataset read_idx_images(const std::filesystem::path& path, int64_t max_images) {
  ByteStream stream(path);
  require_magic(stream, kImagesMagic, "images");
  const uint64_t count = read_big_endian(stream);
  const uint64_t rows = read_big_endian(stream);
  const uint64_t columns = read_big_endian(stream);
  if (rows != columns) {
    throw Error(fmt::format("{}: images of {} x {} pixels; expected square ones", path.string(), rows, columns));
  }
  if (rows == 0 || rows > static_cast<uint64_t>(kMaxImageSize)) {
    throw Error(fmt::format("{}: images of {} x {} pixels; expected a side of 1 to {}", path.string(), rows, columns,
                            kMaxImageSize));
  }
  if (count == 0) throw Error(fmt::format("{}: holds no images", path.string()));
  // At most 2^32 * 2^16: no overflow.
  const uint64_t image_bytes = rows * columns;
  std::vector<uint8_t> pixels = read_body(stream, count * image_bytes, limited(count, max_images) * image_bytes);
  return make_dataset(std::move(pixels), {}, static_cast<int64_t>(rows), path.string());
}

std::vector<int64_t> read_idx_labels(const std::filesystem::path& path, int64_t max_labels) {
  ByteStream stream(path);
  require_magic(stream, kLabelsMagic, "labels");
  const uint64_t count = read_big_endian(stream);
  const std::vector<uint8_t> bytes = read_body(stream, count, limited(count, max_labels));
  return {bytes.begin(), bytes.end()};
}

Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, int64_t max_images) {
  Dataset dataset = read_idx_images(images, max_images);
  std::vector<int64_t> classes = read_idx_labels(labels, max_images);
  if (static_cast<int64_t>(classes.size()) != dataset.size()) {
    throw Error(fmt::format("{}: {} labels for the {} images of {}; expected as many", labels.string(), classes.size(),
                            dataset.size(), images.string()));
  }
  dataset.labels = at::tensor(classes, at::kLong);
  dataset.source = images.string();
  return dataset;
}

bool has_idx_name(const fs::path& path) { return path.filename().string().find("-ubyte") != std::string::npos; }

Dataset load_idx(const fs::path& images, Purpose purpose, int64_t max_rows) {
  if (purpose == Purpose::predict) return read_idx_images(images, max_rows);
  const auto labels = labels_beside(images);
  if (!labels && purpose == Purpose::inspect) return read_idx_images(images, max_rows);
  if (!labels) {
    throw Error(
        fmt::format("{}: no label file beside it; expected one named like train-labels-idx1-ubyte", images.string()));
  }
  return read_idx(images, *labels, max_rows);
}

}  // namespace digitrec
