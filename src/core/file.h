#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace digitrec {

class Descriptor;

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
  /// Puts the file on disk under its name. The file that had the name is kept as `previous`, in the same folder, unless
  /// that is empty. Throws Error.
  void commit(const std::filesystem::path& previous = {});

 private:
  /// Keeps the file at `path`, if there is one, as `previous`. False with errno on failure.
  bool keep_as(const std::filesystem::path& previous) const;
  [[noreturn]] void fail(std::string_view action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< empty: `path_` itself is open and not a regular file
  std::unique_ptr<Descriptor> file_;
};

/// Locks a folder as long as the object lives, by flock(2), which leaves no file behind. It keeps out only programs
/// that lock the folder too.
class FolderLock {
 public:
  /// Throws Error when another program, or another lock in this one, has it.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();

 private:
  std::unique_ptr<Descriptor> folder_;
};

/// Writes the whole of `bytes` to `path` through AtomicFile. Throws Error.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The whole of a regular file (or a pipe) of at most `max_bytes`. Throws Error when it is missing, not a file, larger,
/// or cannot be read.
std::string read_file(const std::filesystem::path& path, std::uintmax_t max_bytes);

/// Removes temporary files that a killed program has left in the folder. Call it only while no other program writes
/// there.
void remove_temporary_files(const std::filesystem::path& folder);

/// Makes the folder and its parents, where they are missing. Throws Error.
void make_folder(const std::filesystem::path& path);

/// Throws Error unless `path` exists and is a regular file (or a pipe).
void require_file(const std::filesystem::path& path);

}  // namespace digitrec
