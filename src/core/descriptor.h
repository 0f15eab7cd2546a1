#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

namespace digitrec {

/// The system calls behind the files that digitrec reads and writes itself; each sets errno as the call of its name
/// does. Tests replace them by failing ones.
struct FileCalls {
  std::function<int(const char* path, int flags, mode_t mode)> open;
  std::function<ssize_t(int descriptor, void* to, size_t size)> read;
  std::function<ssize_t(int descriptor, void* to, size_t size, off_t offset)> pread;
  std::function<ssize_t(int descriptor, const void* from, size_t size)> write;
  std::function<int(int descriptor)> fsync;
  std::function<int(int descriptor)> close;
  std::function<int(const char* from, const char* to)> rename;
  std::function<int(const char* from, const char* to)> link;  ///< follows `from` where it is a symbolic link
  std::function<int(const char* path)> unlink;
};

/// The calls in use. Change them only while no other thread has a file open.
FileCalls& file_calls();

/// Gives descriptors 0 to 2, where the program was started without them, to nothing: what is written there fails, as if
/// they were closed, and no file that is opened later gets their numbers and with them log lines. Call it first.
void claim_standard_descriptors();

/// An open file that closes itself. What fails sets errno; a call that a signal interrupts is repeated.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags);
  /// Another descriptor of an open file, with which it shares its position.
  explicit Descriptor(int open);
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool is_open() const { return value_ >= 0; }
  int get() const { return value_; }
  /// Bytes of a regular file; -1 for anything else, or when none is open.
  int64_t size() const;

  /// Up to `size` bytes, fewer only at the end; -1 when they cannot be read.
  int64_t read(void* to, size_t size) const;
  int64_t read_at(void* to, size_t size, int64_t offset) const;
  bool write(const void* from, size_t size) const;
  bool sync() const;
  /// False when a write has failed that no other call reported.
  bool close();

 private:
  int value_;
};

}  // namespace digitrec
