#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace digitrec {

/// A file of records as TensorFlow frames them (tensorflow/core/lib/io/record_writer.h): length, masked CRC-32C of it,
/// the bytes, masked CRC-32C of those; all little-endian. Each record is flushed, for a reader that follows.
class RecordFile {
 public:
  /// Throws Error when the file cannot be made.
  explicit RecordFile(const std::filesystem::path& path);
  ~RecordFile();
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  /// Throws Error when the file cannot be written, as on a full disk.
  void append(std::string_view record);

 private:
  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
};

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
uint32_t crc32c(std::string_view bytes);

}  // namespace digitrec
