#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// A zip archive, read with libzip. All failures are Errors that name the file.
class Archive {
 public:
  /// `path`: also that of an archive in another, as split_archive_path() takes it apart. `kind`: what the file should
  /// be, for messages: ".npz archive".
  Archive(const std::filesystem::path& path, std::string kind);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  const std::string& path() const { return path_; }
  bool has(const std::string& entry) const;
  /// The names of its files, without folders and what macOS adds; with / between folders, whatever made it.
  std::vector<std::string> entries() const;

 private:
  friend class ArchiveEntry;
  struct Zip;

  /// The place of a file among all, -1 where there is none, and the name of the one there.
  int64_t place_of(const std::string& entry) const;
  std::string name_of(int64_t place) const;

  std::string path_;
  std::string bytes_;
  std::unique_ptr<Zip> zip_;
};

/// One file of an archive, unpacked from its beginning to its end.
class ArchiveEntry {
 public:
  /// `archive` must outlive the entry. Throws Error when the archive has no such file, or the file is encrypted.
  ArchiveEntry(const Archive& archive, const std::string& entry);
  ~ArchiveEntry();
  ArchiveEntry(ArchiveEntry&&) noexcept;
  ArchiveEntry& operator=(ArchiveEntry&&) = delete;

  /// The next `size` bytes. Memory grows as they arrive, so that a false size costs none. Throws Error when there are
  /// fewer, or they are damaged.
  std::string read(size_t size);
  /// Up to `size` bytes, fewer only at the end; -1 when they are damaged.
  int64_t read_some(char* to, size_t size);
  /// Bytes that it takes in the archive; -1 when that is not known.
  int64_t packed_size() const { return packed_size_; }

  /// "FILE: ENTRY", for messages.
  const std::string& name() const { return name_; }

 private:
  struct File;

  std::string name_;
  std::unique_ptr<File> file_;
  int64_t packed_size_ = -1;
};

/// Whether a file, which may also be missing, is a zip archive.
bool is_archive(const std::filesystem::path& path);

/// A file in an archive, written as a path below it: "digit-recognizer.zip/train.csv".
struct ArchivePath {
  std::filesystem::path archive;
  std::string entry;
};

/// Takes such a path apart, whether the archive has the file or not; nothing for any other.
std::optional<ArchivePath> split_archive_path(const std::filesystem::path& path);
/// Whether it is the path of a file that an archive has.
bool is_in_archive(const std::filesystem::path& path);

}  // namespace digitrec
