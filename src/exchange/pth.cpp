#include "exchange/pth.h"

#include "core/descriptor.h"
#include "core/file.h"
#include "data/archive.h"
#include "digitrec/core/error.h"
#include "exchange/pickle.h"
#include "exchange/state_dict.h"

#include <ATen/ops/empty.h>

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// Far more than the names and sizes of a preset's tensors and its optimizer's take.
constexpr size_t kMaxPickle = 4 << 20;

/// A pickle of protocol 2 with the number 0x1950a86a20f9469cfc6c, with which files began before zip archives.
constexpr std::string_view kLegacyMagic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e", 15);

std::string save_anew(const std::string& file) {
  return fmt::format("in Python save it anew: torch.save(torch.load('{0}', weights_only=True), '{0}')", file);
}

uint64_t size_of(const Storage& storage) {
  return static_cast<uint64_t>(storage.count) * c10::elementSize(storage.type);
}

at::Tensor tensor_of(const Storage& storage, std::string_view bytes) {
  at::Tensor values = at::empty({storage.count}, storage.type);
  if (!bytes.empty()) std::memcpy(values.data_ptr(), bytes.data(), bytes.size());
  return values;
}

// ---- since 1.6: a zip archive of data.pkl, and a file for each storage in the folder data

/// All of an entry, which libzip compares with its checksum at its end.
std::string read_entry(const Archive& archive, const std::string& name, size_t max_size) {
  ArchiveEntry entry(archive, name);
  std::string bytes;
  constexpr size_t kChunk = 1 << 16;
  for (int64_t got = 1; got > 0;) {
    const size_t before = bytes.size();
    bytes.resize(before + kChunk);
    got = entry.read_some(bytes.data() + before, kChunk);
    if (got < 0) throw Error(fmt::format("{}: damaged in the file", entry.name()), "save or fetch it again");
    bytes.resize(before + static_cast<size_t>(got));
    if (bytes.size() > max_size) throw Error(fmt::format("{}: has more than {} bytes", entry.name(), max_size));
  }
  return bytes;
}

/// The folder of the archive that everything lies in, with a slash.
std::string find_folder(const Archive& archive) {
  constexpr std::string_view kPickle = "/data.pkl";
  const std::vector<std::string> entries = archive.entries();
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const std::string& name) { return name.ends_with(kPickle); });
  if (found == entries.end())
    throw Error(fmt::format("{}: a zip archive without data.pkl; expected what torch.save wrote", archive.path()));
  const std::string folder = found->substr(0, found->size() - kPickle.size() + 1);
  if (archive.has(folder + "constants.pkl")) {
    throw Error(fmt::format("{}: a program of TorchScript; expected a state_dict", archive.path()),
                fmt::format("in Python: torch.save(torch.jit.load('{}').state_dict(), FILE)", archive.path()));
  }
  if (archive.has(folder + "byteorder") && read_entry(archive, folder + "byteorder", 16) != "little")
    throw Error(fmt::format("{}: a machine of another byte order wrote it", archive.path()),
                "save it anew on a usual one");
  return folder;
}

std::vector<NamedTensor> read_zip(const fs::path& path) {
  const Archive archive(path, "file of torch.save");
  const std::string folder = find_folder(archive);
  const Pickle pickle(read_entry(archive, folder + "data.pkl", kMaxPickle), path.string(), is_state_dict_global);
  return state_dict_tensors(pickle.root(), path.string(), [&](const Storage& storage) {
    const std::string name = folder + "data/" + storage.key;
    const std::string bytes = read_entry(archive, name, size_of(storage));
    if (bytes.size() != size_of(storage))
      throw Error(
          fmt::format("{}: {}: has {} bytes, its storage {}", path.string(), name, bytes.size(), size_of(storage)));
    return tensor_of(storage, bytes);
  });
}

// ---- before: pickles of the format's version, of the machine, of the state_dict and of the storages' keys; then for
// each key the number of its values, 8 bytes, and the values

class LegacyFile {
 public:
  explicit LegacyFile(const fs::path& path)
      : name_(path.string()), bytes_(read_regular_file(path, uint64_t{4} << 30)), rest_(bytes_) {
    rest_.remove_prefix(kLegacyMagic.size());
  }

  std::vector<NamedTensor> read() {
    take_pickle();  // the format's version
    const auto machine = take_pickle();
    const PickleValue* is_little_endian = machine->root().find("little_endian");
    if (is_little_endian == nullptr || is_little_endian->integer != 1) fail("a machine of another byte order wrote it");
    const auto state = take_pickle();
    std::map<std::string, Storage> storages;
    for (const PickleValue* value : state->persistent()) {
      const Storage storage = storage_of(*value, name_);
      storages.emplace(storage.key, storage);
    }
    const auto keys = take_pickle();
    std::map<std::string, std::string_view> values;
    for (const PickleValue* key : keys->root().items) {
      const auto storage = storages.find(key->text);
      if (storage == storages.end()) fail(fmt::format("no tensor has its storage '{}'", key->text));
      values[key->text] = take_values(storage->second);
    }
    return state_dict_tensors(state->root(), name_, [&](const Storage& storage) {
      const auto found = values.find(storage.key);
      if (found == values.end() || found->second.size() != size_of(storage))
        fail(fmt::format("it lacks the values of storage '{}'", storage.key));
      return tensor_of(storage, found->second);
    });
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("{}: a file of an old PyTorch that cannot be read: {}", name_, what), save_anew(name_));
  }

  std::unique_ptr<Pickle> take_pickle() {
    auto pickle = std::make_unique<Pickle>(rest_.substr(0, kMaxPickle), name_, is_state_dict_global);
    rest_.remove_prefix(pickle->size());
    return pickle;
  }

  std::string_view take_values(const Storage& storage) {
    uint64_t count = 0;
    const uint64_t size = size_of(storage);
    if (rest_.size() < sizeof count || rest_.size() - sizeof count < size) fail("it ends within its values (cut off?)");
    std::memcpy(&count, rest_.data(), sizeof count);
    if (count != static_cast<uint64_t>(storage.count)) fail(fmt::format("storage '{}' has two sizes", storage.key));
    const std::string_view values = rest_.substr(sizeof count, size);
    rest_.remove_prefix(sizeof count + size);
    return values;
  }

  std::string name_;
  std::string bytes_;
  std::string_view rest_;
};

bool is_legacy(const fs::path& path) { return first_bytes(path, kLegacyMagic.size()) == kLegacyMagic; }

}  // namespace

std::string first_bytes(const fs::path& path, size_t size) {
  const Descriptor file(path, O_RDONLY);
  std::string bytes(size, '\0');
  const int64_t got = file.is_open() ? file.read(bytes.data(), size) : 0;
  bytes.resize(static_cast<size_t>(std::max<int64_t>(0, got)));
  return bytes;
}

bool is_pth(const fs::path& path) { return is_archive(path) || is_legacy(path); }

std::vector<NamedTensor> read_pth(const fs::path& path) {
  return is_archive(path) ? read_zip(path) : LegacyFile(path).read();
}

}  // namespace digitrec
