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
  /// Throws Error; on success the file is on disk under its name. The file that was there gets the name `previous`
  /// when there is one, in the same folder.
  void commit(const std::filesystem::path& previous = {});

 private:
  /// Gives the file that is there a second name, if there is one. False with errno when that cannot be.
  bool keep_as(const std::filesystem::path& previous) const;
  [[noreturn]] void fail(std::string_view action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< empty: `path_` itself is open, no regular file
  std::unique_ptr<Descriptor> file_;
};

/// Keeps a folder to this program as long as it lives, by flock(2), which leaves no file behind. Programs that do not
/// ask are not kept out.
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

/// The whole of a regular file (or a pipe) of at most `max_bytes`. Throws Error when it is missing, no file, larger, or
/// cannot be read.
std::string read_file(const std::filesystem::path& path, std::uintmax_t max_bytes);

/// Removes temporary files that a program which was killed has left in the folder. To be called while no other program
/// writes there.
void remove_temporary_files(const std::filesystem::path& folder);

/// Makes the folder and those above it, where they are not there yet. Throws Error.
void make_folder(const std::filesystem::path& path);

/// Throws Error unless `path` exists and is a regular file (or a pipe).
void require_file(const std::filesystem::path& path);

}  // namespace digitrec
