#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace digitrec {

class Archive;
class ArchiveEntry;
class Descriptor;

/// Reads the bytes in order of a file, or of one in a zip archive, as split_archive_path() takes its path apart.
/// Unpacks gzip (RFC 1952), which it knows by the first bytes, not by the name, and a .zip of one file, which may lie
/// in an archive itself, as train.csv.zip in Kaggle's. All failures are Errors that name the file.
class ByteStream {
 public:
  explicit ByteStream(std::filesystem::path path);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Fills `buffer` with `size` bytes, fewer only at the end. Throws Error on a damaged or truncated gzip file.
  size_t read(void* buffer, size_t size);

  const std::filesystem::path& path() const { return path_; }
  /// Bytes of the file as it is packed; -1 when it is not, or not a regular file.
  int64_t packed_size() const;

 private:
  struct Inflater;

  /// The next bytes of the file as it is, packed or not: at least `min_size` of them unless it ends before.
  std::string_view peek(size_t min_size);
  int64_t read_as_it_is(char* to, size_t size);
  size_t read_plain(char* to, size_t size);
  size_t read_unpacked(char* to, size_t size);
  bool begins_another_part();
  void open_inner();

  std::filesystem::path path_;
  std::unique_ptr<Descriptor> file_;  ///< none for a file in an archive
  std::unique_ptr<Archive> archive_;
  std::unique_ptr<ArchiveEntry> entry_;
  std::string buffer_;                  ///< read ahead
  size_t position_ = 0;                 ///< in `buffer_`
  std::unique_ptr<Inflater> inflater_;  ///< none for a file that is not packed
};

/// Whether a file, which may lie in a zip archive, can be read a second time: a pipe cannot.
bool can_be_read_again(const std::filesystem::path& path);

/// The first `size` bytes of a file, unpacked; fewer where it has fewer. Empty for a pipe, whose bytes come only once.
std::string read_beginning(const std::filesystem::path& path, size_t size);

}  // namespace digitrec
