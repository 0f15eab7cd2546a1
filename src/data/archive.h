#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace digitrec {

/// A zip archive, read with libzip. All failures are Errors that name the file.
class Archive {
 public:
  /// `kind`: what the file should be, for messages: ".npz archive".
  Archive(const std::filesystem::path& path, std::string kind);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  const std::string& path() const { return path_; }
  bool has(const std::string& entry) const;

 private:
  friend class ArchiveEntry;
  struct Zip;

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

  /// "FILE: ENTRY", for messages.
  const std::string& name() const { return name_; }

 private:
  struct File;

  std::string name_;
  std::unique_ptr<File> file_;
};

}  // namespace digitrec
