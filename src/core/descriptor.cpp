#include "core/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace digitrec {
namespace {

/// Repeats a call that a signal interrupted.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Calls `some(done)`, which reads or writes part of the bytes from `done` on, until `size` bytes or the end.
template <class Some>
int64_t all_of(size_t size, const Some& some) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = uninterrupted([&] { return some(done); });
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return static_cast<int64_t>(done);
}

}  // namespace

FileCalls& file_calls() {
  static FileCalls calls{
      .open = [](const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); },
      .read = ::read,
      .pread = ::pread,
      .write = ::write,
      .fsync = ::fsync,
      .close = ::close,
      .rename = ::rename,
      .link = [](const char* from,
                 const char* to) { return ::linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW); },
      .unlink = ::unlink,
  };
  return calls;
}

void claim_standard_descriptors() {
  // Each is opened the wrong way round, so that using it fails.
  for (const auto& [descriptor, flags] :
       {std::pair{STDIN_FILENO, O_WRONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_RDONLY}}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    const int opened = ::open("/dev/null", flags);  // the lowest free number, which is this one
    if (opened > STDERR_FILENO) ::close(opened);
  }
}

Descriptor::Descriptor(const std::filesystem::path& path, int flags)
    : value_(uninterrupted([&] { return file_calls().open(path.c_str(), flags | O_CLOEXEC, 0644); })) {}

Descriptor::Descriptor(int open) : value_(::fcntl(open, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) {}

int64_t Descriptor::size() const {
  struct stat status{};
  return is_open() && ::fstat(value_, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : -1;
}

int64_t Descriptor::read(void* to, size_t size) const {
  return all_of(size,
                [&](size_t done) { return file_calls().read(value_, static_cast<char*>(to) + done, size - done); });
}

int64_t Descriptor::read_at(void* to, size_t size, int64_t offset) const {
  return all_of(size, [&](size_t done) {
    return file_calls().pread(value_, static_cast<char*>(to) + done, size - done, offset + static_cast<off_t>(done));
  });
}

bool Descriptor::write(const void* from, size_t size) const {
  const int64_t written = all_of(size, [&](size_t done) {
    return file_calls().write(value_, static_cast<const char*>(from) + done, size - done);
  });
  if (written >= 0 && static_cast<size_t>(written) < size) errno = ENOSPC;
  return written >= 0 && static_cast<size_t>(written) == size;
}

bool Descriptor::sync() const {
  return uninterrupted([&] { return file_calls().fsync(value_); }) == 0;
}

bool Descriptor::close() {
  // Not repeated after EINTR: Linux has closed it by then, and the number may be another file's.
  return value_ < 0 || file_calls().close(std::exchange(value_, -1)) == 0;
}

}  // namespace digitrec
