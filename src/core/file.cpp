#include "digitrec/core/file.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// Makes a rename or a new name in `folder` survive a power cut.
void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // some file systems refuse; the file's own sync has already succeeded
  ::fsync(descriptor);
  ::close(descriptor);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  if (fs::is_directory(path_)) {
    throw Error(fmt::format("{}: is a folder; expected the name of a file to write", path_.string()));
  }
  std::error_code error;
  if (fs::exists(path_) && !fs::is_regular_file(path_)) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail("cannot be written");
    return;
  }
  if (fs::is_symlink(path_)) path_ = fs::weakly_canonical(path_, error);
  temporary_ = path_;
  temporary_ += fmt::format(".{}.tmp", ::getpid());
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("cannot be created");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("cannot be written");
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) return;
  if (::fsync(descriptor_) != 0) fail("cannot be written");
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    errno = error;
    fail("cannot be written");
  }
  sync_folder(folder_of(path_));
}

void AtomicFile::fail(std::string_view action) const {
  const int error = errno;
  std::string_view advice = "choose another place";
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) advice = "free some space or choose another place";
  if (error == ENOENT) advice = "make its folder first";
  throw Error(fmt::format("{}: {}: {}; {}", path_.string(), action, std::strerror(error), advice));
}

void write_file(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(fmt::format("{}: cannot be made: {}; choose another --out", path.string(), error.message()));
}

void require_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw Error(fmt::format("{}: no such file; check the path", path.string()));
  }
  if (error) throw Error(fmt::format("{}: cannot be read: {}", path.string(), error.message()));
  if (status.type() != fs::file_type::regular && status.type() != fs::file_type::fifo) {
    throw Error(fmt::format("{}: is not a file; name a file", path.string()));
  }
}

std::string read_file(const fs::path& path, std::uintmax_t max_bytes) {
  require_file(path);
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  std::string bytes;
  char chunk[1 << 16];
  while (stream.read(chunk, sizeof chunk) || stream.gcount() > 0) {
    bytes.append(chunk, static_cast<size_t>(stream.gcount()));
    if (bytes.size() > max_bytes) {
      throw Error(fmt::format("{}: larger than the {} bytes this kind of file may have", path.string(), max_bytes));
    }
  }
  if (stream.bad()) throw Error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  return bytes;
}

}  // namespace digitrec
