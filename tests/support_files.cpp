#include "support_files.h"

#include <cerrno>

namespace digitrec::test {

FailingFiles::FailingFiles(int nth, How how, int error) : real_(file_calls()), nth_(nth), how_(how), error_(error) {
  FileCalls& calls = file_calls();
  calls.open = [this](const char* path, int flags, mode_t mode) {
    return fails() ? -1 : real_.open(path, flags, mode);
  };
  calls.read = [this](int file, void* to, size_t size) { return fails() ? ssize_t{-1} : real_.read(file, to, size); };
  calls.pread = [this](int file, void* to, size_t size, off_t offset) {
    return fails() ? ssize_t{-1} : real_.pread(file, to, size, offset);
  };
  calls.write = [this](int file, const void* from, size_t size) {
    if (!fails()) return real_.write(file, from, size);
    [[maybe_unused]] const ssize_t part = real_.write(file, from, size / 2);  // as a disk that fills up
    errno = error_;
    return ssize_t{-1};
  };
  calls.fsync = [this](int file) { return fails() ? -1 : real_.fsync(file); };
  calls.close = [this](int file) {
    const int closed = real_.close(file);
    return fails() ? -1 : closed;
  };
  calls.rename = [this](const char* from, const char* to) { return fails() ? -1 : real_.rename(from, to); };
  calls.link = [this](const char* from, const char* to) { return fails() ? -1 : real_.link(from, to); };
  calls.unlink = [this](const char* path) { return fails() ? -1 : real_.unlink(path); };
}

FailingFiles::~FailingFiles() { file_calls() = real_; }

bool FailingFiles::fails() {
  const int call = ++calls_;
  const bool failing = nth_ > 0 && (how_ == How::once ? call == nth_ : call >= nth_);
  if (failing) errno = error_;
  return failing;
}

}  // namespace digitrec::test
