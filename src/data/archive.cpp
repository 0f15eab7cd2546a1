#include "data/archive.h"

#include "core/descriptor.h"
#include "core/file.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>
#include <zip.h>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

namespace digitrec {
namespace {

/// Bytes that an archive may have.
constexpr uintmax_t kMaxArchive = uintmax_t{1} << 32;
constexpr size_t kChunk = 1 << 22;
/// Bytes that one within another may have.
constexpr size_t kMaxInner = size_t{1} << 30;

/// The bytes of an archive, which may itself lie in one.
std::string read_archive(const std::filesystem::path& path) {
  const auto place = split_archive_path(path);
  if (!place) return read_file(path, kMaxArchive);
  const Archive outer(place->archive, "zip archive");
  ArchiveEntry entry(outer, place->entry);
  std::string bytes;
  for (int64_t got = 1; got > 0;) {
    const size_t before = bytes.size();
    bytes.resize(before + kChunk);
    got = entry.read_some(bytes.data() + before, kChunk);
    if (got < 0) throw Error(fmt::format("{}: damaged in the archive", path.string()), "fetch it again");
    bytes.resize(before + static_cast<size_t>(got));
    if (bytes.size() > kMaxInner)
      throw Error(fmt::format("{}: more than 1 GiB in an archive", path.string()), "unpack it first");
  }
  return bytes;
}

}  // namespace

struct Archive::Zip {
  explicit Zip(zip_t* opened) : handle(opened) {}
  ~Zip() { zip_discard(handle); }
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;

  zip_t* handle;
};

// We read the file: libzip would open it past FileCalls, by which tests make reading fail.
Archive::Archive(const std::filesystem::path& path, std::string kind)
    : path_(path.string()), bytes_(read_archive(path)) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes_.data(), bytes_.size(), 0, &error);
  if (source == nullptr) throw std::bad_alloc();
  zip_t* opened = zip_open_from_source(source, ZIP_RDONLY, &error);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (opened == nullptr) {
    zip_source_free(source);
    throw Error(fmt::format("{}: not a whole {} ({})", path_, kind, reason), "fetch it again");
  }
  zip_ = std::make_unique<Zip>(opened);
}

Archive::~Archive() = default;

bool Archive::has(const std::string& entry) const { return place_of(entry) >= 0; }

int64_t Archive::place_of(const std::string& entry) const {
  const int64_t place = zip_name_locate(zip_->handle, entry.c_str(), 0);
  if (place >= 0) return place;
  const int64_t count = zip_get_num_entries(zip_->handle, 0);
  for (int64_t i = 0; i < count; ++i) {
    if (name_of(i) == entry) return i;
  }
  return -1;
}

std::string Archive::name_of(int64_t place) const {
  const char* name = zip_get_name(zip_->handle, static_cast<zip_uint64_t>(place), 0);
  std::string text = name != nullptr ? name : "";
  std::replace(text.begin(), text.end(), '\\', '/');  // of older programs on Windows
  return text.substr(std::min(text.find_first_not_of('/'), text.size()));
}

std::vector<std::string> Archive::entries() const {
  std::vector<std::string> names;
  const int64_t count = zip_get_num_entries(zip_->handle, 0);
  for (int64_t i = 0; i < count; ++i) {
    const std::string text = name_of(i);
    const std::string file = std::filesystem::path(text).filename().string();
    if (!file.empty() && !file.starts_with('.') && !text.starts_with("__MACOSX/")) names.push_back(text);
  }
  return names;
}

struct ArchiveEntry::File {
  explicit File(zip_file_t* opened) : handle(opened) {}
  ~File() { zip_fclose(handle); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  zip_file_t* handle;
};

ArchiveEntry::ArchiveEntry(const Archive& archive, const std::string& entry)
    : name_(fmt::format("{}: {}", archive.path(), entry)) {
  const int64_t place = archive.place_of(entry);
  zip_file_t* opened = place < 0 ? nullptr : zip_fopen_index(archive.zip_->handle, static_cast<zip_uint64_t>(place), 0);
  if (opened == nullptr) {
    throw Error(
        fmt::format("{}: cannot be read: {}", name_, place < 0 ? "No such file" : zip_strerror(archive.zip_->handle)),
        "unpack the archive first");
  }
  file_ = std::make_unique<File>(opened);
  zip_stat_t stat;
  if (zip_stat_index(archive.zip_->handle, static_cast<zip_uint64_t>(place), 0, &stat) == 0 &&
      (stat.valid & ZIP_STAT_COMP_SIZE) != 0)
    packed_size_ = static_cast<int64_t>(stat.comp_size);
}

ArchiveEntry::~ArchiveEntry() = default;
ArchiveEntry::ArchiveEntry(ArchiveEntry&&) noexcept = default;

std::string ArchiveEntry::read(size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    const size_t before = bytes.size();
    const size_t want = std::min(kChunk, size - before);
    bytes.resize(before + want);
    const int64_t got = zip_fread(file_->handle, bytes.data() + before, want);
    if (got <= 0) {
      throw Error(fmt::format("{}: ends after {} of {} bytes, or is damaged", name_, before, size), "fetch it again");
    }
    bytes.resize(before + static_cast<size_t>(got));
  }
  return bytes;
}

int64_t ArchiveEntry::read_some(char* to, size_t size) { return zip_fread(file_->handle, to, size); }

bool is_archive(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  const Descriptor file(path, O_RDONLY);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) == 4 &&
         std::string_view(magic.data(), magic.size()) == std::string_view("PK\3\4", 4);
}

std::optional<ArchivePath> split_archive_path(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return std::nullopt;
  for (std::filesystem::path parent = path.parent_path(); !parent.empty() && parent != parent.parent_path();
       parent = parent.parent_path()) {
    if (!std::filesystem::exists(parent, error)) continue;
    if (!is_archive(parent)) return std::nullopt;
    return ArchivePath{parent, path.lexically_relative(parent).generic_string()};
  }
  return std::nullopt;
}

bool is_in_archive(const std::filesystem::path& path) {
  const auto place = split_archive_path(path);
  return place && Archive(place->archive, "zip archive").has(place->entry);
}

}  // namespace digitrec
