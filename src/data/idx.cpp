#include "data/idx.h"

#include "core/file_kind.h"
#include "core/names.h"
#include "data/byte_stream.h"
#include "data/data_folder.h"
#include "data/pixels.h"
#include "digitrec/core/error.h"

#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// What a file says of itself.
struct IdxHeader {
  NumberType type = NumberType::u8;
  std::vector<int64_t> shape;  ///< rows first

  uint64_t rows() const { return static_cast<uint64_t>(shape.front()); }
};

std::optional<NumberType> type_of(uint8_t code) {
  const std::map<uint8_t, NumberType> types{{0x08, NumberType::u8},  {0x09, NumberType::i8},  {0x0B, NumberType::i16},
                                            {0x0C, NumberType::i32}, {0x0D, NumberType::f32}, {0x0E, NumberType::f64}};
  const auto found = types.find(code);
  if (found == types.end()) return std::nullopt;
  return found->second;
}

uint32_t read_big_endian(ByteStream& stream) {
  std::array<uint8_t, 4> bytes{};
  if (stream.read(bytes.data(), bytes.size()) != bytes.size()) {
    throw Error(fmt::format("{}: too short for an IDX header", stream.path().string()), "fetch the file again");
  }
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

/// `what`: images or labels.
IdxHeader read_header(ByteStream& stream, std::string_view what) {
  constexpr uint32_t kMaxDimensions = 4;
  const uint32_t magic = read_big_endian(stream);
  const auto type = type_of(static_cast<uint8_t>(magic >> 8));
  const uint32_t dimensions = magic & 0xFF;
  if (magic >> 16 != 0 || !type || dimensions < 1 || dimensions > kMaxDimensions) {
    const FileKind kind =
        can_be_read_again(stream.path()) ? file_kind(read_beginning(stream.path(), kFileKindBytes)) : FileKind{};
    if (!kind.name.empty())
      throw Error(fmt::format("{}: {}; expected IDX {}", stream.path().string(), kind.name, what),
                  std::string(kind.hint));
    throw Error(fmt::format("{}: IDX magic is {:#010x}; expected {:#010x} (a file of {})", stream.path().string(),
                            magic, what == "images" ? 0x803 : 0x801, what));
  }
  IdxHeader header{*type, {}};
  for (uint32_t i = 0; i < dimensions; ++i) header.shape.push_back(read_big_endian(stream));
  return header;
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
std::string read_body(ByteStream& stream, uint64_t promised, uint64_t wanted) {
  constexpr uint64_t kChunk = 1 << 22;
  require_plausible(stream, promised, wanted);
  std::string bytes;
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

uint64_t limited(uint64_t count, int64_t limit) {
  return limit > 0 ? std::min(count, static_cast<uint64_t>(limit)) : count;
}

/// The first `limit` rows, or all: `row` numbers each.
std::string read_rows(ByteStream& stream, const IdxHeader& header, uint64_t row, int64_t limit) {
  const uint64_t bytes = row * static_cast<uint64_t>(size_of(header.type));
  std::string numbers = read_body(stream, header.rows() * bytes, limited(header.rows(), limit) * bytes);
  reverse_bytes(numbers, header.type);  // they are big-endian
  return numbers;
}

}  // namespace

Dataset read_idx_images(const fs::path& path, int64_t max_images) {
  ByteStream stream(path);
  const IdxHeader header = read_header(stream, "images");
  const std::string name = path.string();
  const auto side = static_cast<uint64_t>(side_of_images(header.shape, name));
  // At most 2^32 * 2^16 * 8: no overflow.
  const std::string numbers = read_rows(stream, header, side * side, max_images);
  std::string reading;
  std::vector<uint8_t> pixels = pixels_of(numbers, header.type, name, reading);
  Dataset dataset = make_dataset(std::move(pixels), {}, static_cast<int64_t>(side), name);
  dataset.reading = reading;
  return dataset;
}

std::vector<int64_t> read_idx_labels(const fs::path& path, int64_t max_labels) {
  constexpr uint64_t kMaxColumns = 64;
  ByteStream stream(path);
  const IdxHeader header = read_header(stream, "labels");
  const uint64_t columns = header.shape.size() == 2 ? static_cast<uint64_t>(header.shape[1]) : 1;
  if (header.shape.size() > 2 || columns < 1 || columns > kMaxColumns) {
    throw Error(
        fmt::format("{}: {} numbers; expected labels, one for each image", path.string(), shape_text(header.shape)));
  }
  const std::string numbers = read_rows(stream, header, columns, max_labels);
  const auto size = static_cast<size_t>(size_of(header.type));
  std::string first;  // QMNIST has the writer and more in the other columns
  for (size_t i = 0; i < numbers.size(); i += size * columns) first += numbers.substr(i, size);
  return labels_of(first, header.type, path.string());
}

Dataset read_idx(const fs::path& images, const fs::path& labels, int64_t max_images) {
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

bool is_idx(std::string_view beginning) {
  return beginning.size() >= 8 && beginning[0] == 0 && beginning[1] == 0 &&
         type_of(static_cast<uint8_t>(beginning[2])).has_value() && beginning[3] >= 1 && beginning[3] <= 4;
}

fs::path find_idx_labels(const fs::path& images) {
  const std::string name = lower_case(images.filename().string());
  const size_t at = name.find("images");
  if (at == std::string::npos) return {};
  const std::string wanted = name.substr(0, at) + "labels";
  const auto is_wanted = [&](const std::string& other) { return lower_case(other).starts_with(wanted); };
  std::vector<fs::path> found = DataFolder(images.parent_path()).find(is_wanted);
  if (found.empty()) {  // train-labels.idx1-ubyte/train-labels-idx1-ubyte
    const DataFolder above(images.parent_path().parent_path());
    for (const fs::path& beside : above.folders()) {
      if (is_wanted(beside.filename().string())) found = DataFolder(beside).find(is_wanted);
    }
  }
  return found.empty() ? fs::path{} : found.front();
}

Dataset load_idx(const fs::path& images, Purpose purpose, int64_t max_rows) {
  if (purpose == Purpose::predict) return read_idx_images(images, max_rows);
  const fs::path labels = find_idx_labels(images);
  if (labels.empty() && purpose == Purpose::inspect) return read_idx_images(images, max_rows);
  if (labels.empty()) {
    throw Error(
        fmt::format("{}: no label file beside it; expected one named like train-labels-idx1-ubyte", images.string()));
  }
  return read_idx(images, labels, max_rows);
}

}  // namespace digitrec
