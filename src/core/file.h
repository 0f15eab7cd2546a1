#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace digitrec {

class Descriptor;

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

/// The whole of a file (or a pipe) of at most `max_bytes`. Throws Error when it is missing, not a file, larger, or
/// cannot be read.
std::string read_file(const std::filesystem::path& path, std::uintmax_t max_bytes);
/// The same of a regular file alone: a pipe is refused, not waited for.
std::string read_regular_file(const std::filesystem::path& path, std::uintmax_t max_bytes);

/// Makes the folder and its parents, where they are missing. Throws Error.
void make_folder(const std::filesystem::path& path);

/// Throws Error unless `path` exists and is a file (or a pipe).
void require_file(const std::filesystem::path& path);
/// The same for a regular file alone.
void require_regular_file(const std::filesystem::path& path);

}  // namespace digitrec
