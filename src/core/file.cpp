#include "core/file.h"

#include "core/descriptor.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// The end of the name of a file that is being written, after the process's number.
constexpr std::string_view kTemporary = ".tmp";

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

/// Makes a rename in `folder` survive a power cut. It is not a failure where the file system cannot do it, or where the
/// folder may not be listed and so cannot be opened.
bool sync_folder(const fs::path& folder) {
  const Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.is_open()) return errno == EACCES;
  return descriptor.sync() || errno == EINVAL || errno == ENOTSUP;
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  if (fs::is_directory(path_)) {
    throw Error(fmt::format("{}: is a folder; expected the name of a file to write", path_.string()));
  }
  std::error_code error;
  if (fs::exists(path_) && !fs::is_regular_file(path_)) {
    file_ = std::make_unique<Descriptor>(path_, O_WRONLY);
    if (!file_->is_open()) fail("cannot be written");
    return;
  }
  if (fs::is_symlink(path_)) path_ = fs::weakly_canonical(path_, error);
  temporary_ = path_;
  temporary_ += fmt::format(".{}{}", ::getpid(), kTemporary);
  file_ = std::make_unique<Descriptor>(temporary_, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file_->is_open()) fail("cannot be created");
}

AtomicFile::~AtomicFile() {
  if (file_->is_open() && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  if (!file_->write(bytes.data(), bytes.size())) fail("cannot be written");
}

void AtomicFile::commit(const fs::path& previous) {
  if (temporary_.empty()) return;
  if (!file_->sync()) fail("cannot be written");
  const bool is_in_place = file_->close() && (previous.empty() || keep_as(previous)) &&
                           file_calls().rename(temporary_.c_str(), path_.c_str()) == 0;
  if (!is_in_place) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    errno = error;
    fail("cannot be written");
  }
  if (!sync_folder(folder_of(path_))) fail("cannot be written");
}

bool AtomicFile::keep_as(const fs::path& previous) const {
  const FileCalls& calls = file_calls();
  if (calls.unlink(previous.c_str()) != 0 && errno != ENOENT) return false;
  if (calls.link(path_.c_str(), previous.c_str()) == 0 || errno == ENOENT) return true;
  // On a file system without hard links no file has the name for a moment.
  return calls.rename(path_.c_str(), previous.c_str()) == 0;
}

void AtomicFile::fail(std::string_view action) const {
  const int error = errno;
  std::string hint = "choose another place";
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) hint = "free some space or choose another place";
  if (error == ENOENT) hint = "make its folder first";
  throw Error(fmt::format("{}: {}: {}", path_.string(), action, std::strerror(error)), hint);
}

FolderLock::FolderLock(const fs::path& folder) : folder_(std::make_unique<Descriptor>(folder, O_RDONLY | O_DIRECTORY)) {
  if (!folder_->is_open()) throw Error(fmt::format("{}: cannot be opened: {}", folder.string(), std::strerror(errno)));
  if (::flock(folder_->get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;  // some file systems have none
  throw Error(fmt::format("{}: another program is training there", folder.string()), "wait until it is done");
}

FolderLock::~FolderLock() = default;

void write_file(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(fmt::format("{}: cannot be made: {}", path.string(), error.message()), "choose another `out`");
}

void require_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw Error(fmt::format("{}: no such file", path.string()), "check the path");
  }
  if (error) throw Error(fmt::format("{}: cannot be read: {}", path.string(), error.message()));
  if (status.type() != fs::file_type::regular && status.type() != fs::file_type::fifo) {
    throw Error(fmt::format("{}: is not a file", path.string()), "name a file");
  }
}

std::string read_file(const fs::path& path, std::uintmax_t max_bytes) {
  require_file(path);
  const Descriptor file(path, O_RDONLY);
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

void remove_temporary_files(const fs::path& folder) {
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    const fs::path path = entry->path();
    const std::string number = path.stem().extension().string();  // ".1234" of "best.safetensors.1234.tmp"
    const bool is_ours = path.extension() == kTemporary && number.size() > 1 &&
                         number.find_first_not_of("0123456789", 1) == std::string::npos;
    if (is_ours) fs::remove(path, ignored);
  }
}

}  // namespace digitrec
