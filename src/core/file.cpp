#include "core/file.h"

#include "core/descriptor.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace digitrec {

namespace fs = std::filesystem;

FolderLock::FolderLock(const fs::path& folder) : folder_(std::make_unique<Descriptor>(folder, O_RDONLY | O_DIRECTORY)) {
  if (!folder_->is_open()) throw Error(fmt::format("{}: cannot be opened: {}", folder.string(), std::strerror(errno)));
  if (::flock(folder_->get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;  // some file systems have none
  throw Error(fmt::format("{}: another program is training there", folder.string()), "wait until it is done");
}

FolderLock::~FolderLock() = default;

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(fmt::format("{}: cannot be made: {}", path.string(), error.message()), "choose another `out`");
}

namespace {

fs::file_type type_of(const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::not_found) throw Error(fmt::format("{}: no such file", path.string()), "check the path");
  if (error) throw Error(fmt::format("{}: cannot be read: {}", path.string(), error.message()));
  return type;
}

[[noreturn]] void fail_not_a_file(const fs::path& path) {
  throw Error(fmt::format("{}: is not a file", path.string()), "name a file");
}

std::string read_all(const Descriptor& file, const fs::path& path, std::uintmax_t max_bytes) {
  if (!file.is_open()) throw Error(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  // The size is a first guess: a pipe has none, and another program may be writing.
  std::string bytes(static_cast<size_t>(std::clamp<int64_t>(file.size() + 1, 1 << 12, 1 << 24)), '\0');
  size_t size = 0;
  for (;;) {
    const int64_t got = file.read(bytes.data() + size, bytes.size() - size);
    if (got < 0) throw Error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
    size += static_cast<size_t>(got);
    if (size > max_bytes) {
      throw Error(fmt::format("{}: larger than the {} bytes this kind of file may have", path.string(), max_bytes));
    }
    if (size < bytes.size()) break;
    bytes.resize(bytes.size() * 2);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

void require_file(const fs::path& path) {
  const fs::file_type type = type_of(path);
  if (type != fs::file_type::regular && type != fs::file_type::fifo) fail_not_a_file(path);
}

void require_regular_file(const fs::path& path) {
  if (type_of(path) != fs::file_type::regular) fail_not_a_file(path);
}

std::string read_file(const fs::path& path, std::uintmax_t max_bytes) {
  require_file(path);
  return read_all(Descriptor(path, O_RDONLY), path, max_bytes);
}

std::string read_regular_file(const fs::path& path, std::uintmax_t max_bytes) {
  require_regular_file(path);
  // Should a pipe have taken its place by now, it is not waited for either.
  return read_all(Descriptor(path, O_RDONLY | O_NONBLOCK), path, max_bytes);
}

}  // namespace digitrec
