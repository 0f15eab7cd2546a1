#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace digitrec {

class Descriptor;

/// A file that appears whole or not at all: bytes go to a temporary file in the same folder, which `commit` syncs to
/// disk and renames over `path`, with the permissions of the file that it replaces. Without `commit`, `path` stays as
/// it was and the temporary file goes, also when a signal ends the program: it has no name until `commit`, except on
/// file systems that know no such files (NFS). A symbolic link is followed. A device, a pipe, and whatever stdout,
/// stderr or another open descriptor (/dev/fd/3) already writes to is written straight into.
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
  void open_temporary();
  // These return false with errno on failure.
  bool take_name();
  /// Keeps the file at `path`, if there is one, as `previous`.
  bool keep_as(const std::filesystem::path& previous) const;
  [[noreturn]] void fail(std::string_view action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;  ///< its name; empty: `path_` itself is open, which is not to be replaced
  bool has_name_ = false;            ///< `temporary_` exists
  std::unique_ptr<Descriptor> file_;
};

/// Writes the whole of `bytes` to `path` through AtomicFile. Throws Error.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Where the symbolic link `path` leads, through others; its target need not exist. `path` itself when it is none.
std::filesystem::path follow_links(const std::filesystem::path& path);

/// Whether what is written to `path` goes where stdout goes.
bool is_stdout(const std::filesystem::path& path);

/// The temporary files in `folder` that an AtomicFile of one of `names`, files in it, left there when it was killed or
/// is still writing.
std::vector<std::filesystem::path> find_temporary_files(const std::filesystem::path& folder,
                                                        const std::vector<std::filesystem::path>& names);

}  // namespace digitrec
