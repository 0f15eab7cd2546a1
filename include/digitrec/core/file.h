#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

namespace digitrec {

/// A file that appears whole or not at all: bytes go to a temporary file in the same folder, which `commit` syncs to
/// disk and renames over `path`. Without `commit` the destructor removes the temporary file and `path` stays as it was.
/// A symbolic link is followed; a device or pipe (/dev/stdout) is written straight into.
class AtomicFile {
 public:
  /// Throws Error when the folder is missing or cannot be written, or when `path` is a folder.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Throws Error (disk full, say).
  void write(std::string_view bytes);
  /// Throws Error; on success the file is on disk under its name.
  void commit();

 private:
  [[noreturn]] void fail(std::string_view action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< empty: `path_` itself is open, no regular file
  int descriptor_ = -1;
};

/// Writes the whole of `bytes` to `path` through AtomicFile. Throws Error.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The whole of a regular file of at most `max_bytes`. Throws Error when it is missing, no regular file, larger, or
/// cannot be read.
std::string read_file(const std::filesystem::path& path, std::uintmax_t max_bytes);

/// Makes the folder and those above it, where they are not there yet. Throws Error.
void make_folder(const std::filesystem::path& path);

/// Throws Error unless `path` exists and is a regular file (or a pipe).
void require_file(const std::filesystem::path& path);

}  // namespace digitrec
