#include "data/archive.h"

#include "core/file.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>
#include <zip.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

namespace digitrec {
namespace {

/// Bytes that an archive may have.
constexpr uintmax_t kMaxArchive = uintmax_t{1} << 32;
constexpr size_t kChunk = 1 << 22;

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
    : path_(path.string()), bytes_(read_file(path, kMaxArchive)) {
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

bool Archive::has(const std::string& entry) const { return zip_name_locate(zip_->handle, entry.c_str(), 0) >= 0; }

struct ArchiveEntry::File {
  explicit File(zip_file_t* opened) : handle(opened) {}
  ~File() { zip_fclose(handle); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  zip_file_t* handle;
};

ArchiveEntry::ArchiveEntry(const Archive& archive, const std::string& entry)
    : name_(fmt::format("{}: {}", archive.path(), entry)) {
  zip_file_t* opened = zip_fopen(archive.zip_->handle, entry.c_str(), 0);
  if (opened == nullptr) throw Error(fmt::format("{}: cannot be read: {}", name_, zip_strerror(archive.zip_->handle)));
  file_ = std::make_unique<File>(opened);
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

}  // namespace digitrec
