#include "checkpoint/safetensors.h"

#include "checkpoint/json.h"
#include "core/atomic_file.h"
#include "core/file.h"
#include "core/file_kind.h"
#include "digitrec/core/error.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <spdlog/fmt/fmt.h>
#include <zlib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace digitrec {
namespace {

constexpr uint64_t kMaxHeaderBytes = 16ULL << 20;
constexpr uint64_t kMaxCheckpointBytes = 4ULL << 30;
constexpr size_t kMaxDimensions = 8;

struct ElementType {
  const char* name;
  at::ScalarType type;
};
constexpr std::array<ElementType, 7> kElementTypes{{{"F32", at::kFloat},
                                                    {"F64", at::kDouble},
                                                    {"I64", at::kLong},
                                                    {"I32", at::kInt},
                                                    {"U8", at::kByte},
                                                    {"F16", at::kHalf},
                                                    {"BF16", at::kBFloat16}}};

/// Only other programs write these, to save room; they are read as float32.
bool is_narrow(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

/// What stands before the checksum in the header's text. Quotation marks within strings are escaped, so it stands
/// nowhere else.
constexpr std::string_view kChecksumKey = R"("checksum":")";
/// The checksum's value while it is computed.
constexpr std::string_view kNoChecksum = "00000000";

uint32_t update_crc(uint32_t crc, std::string_view bytes) {
  if (bytes.empty()) return crc;  // zlib would start again
  return static_cast<uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// A file's beginning, without its checksum.
struct Header {
  std::string text;                 ///< JSON, padded
  std::vector<at::Tensor> tensors;  ///< as they follow on it, dense
};

Header make_header(const SafeTensors& contents) {
  nlohmann::ordered_json header;
  header["__metadata__"] = contents.metadata;
  header["__metadata__"]["checksum"] = kNoChecksum;
  std::vector<at::Tensor> tensors;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : contents.tensors) {
    const at::Tensor dense = tensor.detach().to(at::kCPU).contiguous();
    const auto* const type = std::find_if(kElementTypes.begin(), kElementTypes.end(), [&](const ElementType& element) {
      return element.type == dense.scalar_type();
    });
    if (type == kElementTypes.end() || is_narrow(type->type))
      throw Error(fmt::format("tensor '{}' is of a type that cannot be saved", name));
    header[name] = {
        {"dtype", type->name}, {"shape", dense.sizes().vec()}, {"data_offsets", {offset, offset + dense.nbytes()}}};
    offset += dense.nbytes();
    tensors.push_back(dense);
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts aligned, as the format asks
  return {std::move(text), std::move(tensors)};
}

/// The length of a header, as it stands before it. The format is little-endian, as is every machine that LibTorch runs
/// on.
std::string length_of(const Header& header) {
  const uint64_t length = header.text.size();
  return {reinterpret_cast<const char*>(&length), sizeof length};
}

std::string_view bytes_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

/// The checksum of the file that write_safetensors() makes of the contents.
std::string checksum_of(const Header& header) {
  uint32_t crc = update_crc(update_crc(0, length_of(header)), header.text);
  for (const at::Tensor& tensor : header.tensors) crc = update_crc(crc, bytes_of(tensor));
  return fmt::format("{:08x}", crc);
}

/// Where one tensor lies in the file's data part.
struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : name_(path.string()), bytes_(read_regular_file(path, kMaxCheckpointBytes)) {}

  SafeTensors read(Checksum wanted) {
    const nlohmann::json header = parse_header();
    SafeTensors contents;
    std::vector<Entry> entries;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__") {
        read_metadata(value, contents.metadata);
      } else {
        entries.push_back(read_entry(key, value));
      }
    }
    require_exact_cover(entries);
    for (const Entry& entry : entries) contents.tensors[entry.name] = copy_tensor(entry);
    const bool is_narrowed =
        std::any_of(entries.begin(), entries.end(), [](const Entry& entry) { return is_narrow(entry.type); });
    if (const auto checksum = contents.metadata.extract("checksum"); !checksum.empty() && !is_narrowed) {
      contents.has_checksum = has_checksum(checksum.mapped(), contents);
      contents.is_altered = !contents.has_checksum;
      if (contents.is_altered && wanted == Checksum::required) {
        fail(
            "its checksum disagrees: it was damaged, or changed by a program that kept the old 'checksum' in its "
            "metadata");
      }
    }
    return contents;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format(
        "{}: not a whole checkpoint: {}; expected a safetensors file that digitrec or PyTorch wrote", name_, what));
  }

  nlohmann::json parse_header() {
    uint64_t length = 0;
    if (bytes_.size() < sizeof length) fail("shorter than the 8 bytes of its header's length");
    std::memcpy(&length, bytes_.data(), sizeof length);
    // What begins with neither a length nor an object was never of this format.
    if (length > kMaxHeaderBytes && bytes_.size() > sizeof length && bytes_[sizeof length] != '{') {
      const FileKind kind = file_kind(std::string_view(bytes_).substr(0, kFileKindBytes));
      throw Error(fmt::format("{}: {}; expected the folder of a run or a .safetensors file", name_,
                              kind.name.empty() ? "not a checkpoint" : kind.name));
    }
    if (length > kMaxHeaderBytes || length > bytes_.size() - sizeof length) {
      fail(fmt::format("its header should have {} bytes, the file has {}", length, bytes_.size()));
    }
    data_ = std::string_view(bytes_).substr(sizeof length + length);
    const std::string_view text = std::string_view(bytes_).substr(sizeof length, length);
    require_shallow(text);
    JsonWithoutTwins header = parse_json_without_twins(text);
    if (!header.twin.empty()) fail(fmt::format("its header names '{}' twice", header.twin));
    if (!header.value.is_object()) fail("its header is not a JSON object");
    return header.value;
  }

  /// A header nests two objects deep. Deep nesting, an attack on the parser's stack, is refused before it parses.
  void require_shallow(std::string_view text) const {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (in_string) {
        if (c == '\\') ++i;
        if (c == '"') in_string = false;
        continue;
      }
      if (c == '"') in_string = true;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (depth > 4) fail("its header is nested too deeply");
    }
  }

  /// That of the file's bytes, with kNoChecksum for its own.
  std::string checksum_of_bytes() const {
    const std::string_view bytes(bytes_);
    const size_t key = bytes.find(kChecksumKey);
    const size_t begin = key + kChecksumKey.size();
    const size_t end = begin + kNoChecksum.size();
    if (key == std::string_view::npos || end > bytes.size() - data_.size()) return "";
    const uint32_t crc = update_crc(update_crc(0, bytes.substr(0, begin)), kNoChecksum);
    return fmt::format("{:08x}", update_crc(crc, bytes.substr(end)));
  }

  /// Another program may have saved the same tensors and metadata again in an order of its own: then it is that of the
  /// file that was written first.
  bool has_checksum(const std::string& checksum, const SafeTensors& contents) const {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    return true;  // a fuzzer's files would never have it
#endif
    return checksum == checksum_of_bytes() || checksum == checksum_of(make_header(contents));
  }

  void read_metadata(const nlohmann::json& value, std::map<std::string, std::string>& metadata) const {
    if (!value.is_object()) fail("its metadata is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(fmt::format("its metadata '{}' is not a string", key));
      metadata[key] = text.get<std::string>();
    }
  }

  Entry read_entry(const std::string& key, const nlohmann::json& value) const {
    Entry entry;
    entry.name = key;
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets")) {
      fail(fmt::format("tensor '{}' lacks dtype, shape or data_offsets", key));
    }
    const auto* const type = std::find_if(kElementTypes.begin(), kElementTypes.end(),
                                          [&](const ElementType& element) { return value["dtype"] == element.name; });
    if (type == kElementTypes.end()) fail(fmt::format("tensor '{}' is of an unsupported dtype", key));
    entry.type = type->type;

    const nlohmann::json& shape = value["shape"];
    const nlohmann::json& offsets = value["data_offsets"];
    if (!shape.is_array() || shape.size() > kMaxDimensions) fail(fmt::format("tensor '{}' has a broken shape", key));
    uint64_t size = c10::elementSize(entry.type);
    for (const nlohmann::json& dimension : shape) {
      if (!dimension.is_number_unsigned()) fail(fmt::format("tensor '{}' has a broken shape", key));
      const auto extent = dimension.get<uint64_t>();
      if (extent > kMaxCheckpointBytes || (extent != 0 && size > kMaxCheckpointBytes / extent)) {
        fail(fmt::format("tensor '{}' is too large", key));
      }
      size *= extent;
      entry.shape.push_back(static_cast<int64_t>(extent));
    }
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      fail(fmt::format("tensor '{}' has broken offsets", key));
    }
    entry.begin = offsets[0].get<uint64_t>();
    entry.end = offsets[1].get<uint64_t>();
    if (entry.begin > entry.end || entry.end > data_.size()) {
      fail(fmt::format("tensor '{}' reaches beyond the end of the file (cut off?)", key));
    }
    if (entry.end - entry.begin != size) fail(fmt::format("tensor '{}' has offsets that disagree with its shape", key));
    return entry;
  }

  void require_exact_cover(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    uint64_t position = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != position) fail(fmt::format("tensor '{}' overlaps another or leaves a gap", entry.name));
      position = entry.end;
    }
    if (position != data_.size()) fail("the file continues after its last tensor");
  }

  at::Tensor copy_tensor(const Entry& entry) const {
    at::Tensor tensor = at::empty(entry.shape, entry.type);
    const uint64_t size = entry.end - entry.begin;
    if (size > 0) std::memcpy(tensor.data_ptr(), data_.data() + entry.begin, size);
    return is_narrow(entry.type) ? tensor.to(at::kFloat) : tensor;
  }

  std::string name_;
  std::string bytes_;
  std::string_view data_;
};

}  // namespace

SafeTensors read_safetensors(const std::filesystem::path& path, Checksum checksum) {
  return Reader(path).read(checksum);
}

at::Tensor dense_copy(const at::Tensor& tensor) {
  at::NoGradGuard no_grad;
  return at::empty(tensor.sizes(), tensor.scalar_type()).copy_(tensor);
}

std::filesystem::path previous_file(const std::filesystem::path& path) {
  return path.parent_path() / (path.stem().string() + ".previous" + path.extension().string());
}

void write_safetensors(const std::filesystem::path& path, const SafeTensors& contents, Replaced replaced) {
  Header header = make_header(contents);
  const std::string checksum = checksum_of(header);
  std::string& text = header.text;
  text.replace(text.find(kChecksumKey) + kChecksumKey.size(), kNoChecksum.size(), checksum);

  AtomicFile file(path);
  file.write(length_of(header));
  file.write(text);
  for (const at::Tensor& tensor : header.tensors) file.write(bytes_of(tensor));
  file.commit(replaced == Replaced::kept_as_previous ? previous_file(path) : std::filesystem::path());
}

}  // namespace digitrec
