#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace digitrec {

/// Reads a file's bytes in order, unpacking gzip on the way when the file is gzip (found by its first bytes, not by its
/// name). All failures are Errors that name the file.
class ByteStream {
 public:
  explicit ByteStream(std::filesystem::path path);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Fills `buffer` with `size` bytes, fewer only at the end. Throws Error on a damaged or truncated gzip file.
  size_t read(void* buffer, size_t size);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  void* file_;  // gzFile; zlib.h stays out of this header
};

}  // namespace digitrec
