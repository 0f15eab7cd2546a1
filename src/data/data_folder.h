#pragma once

#include "core/file_kind.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace digitrec {

/// A folder, or a zip archive or a folder in one, which are read alike. What is hidden (".DS_Store") is not there.
class DataFolder {
 public:
  /// Empty where `path` is none of them.
  explicit DataFolder(const std::filesystem::path& path);

  /// Whether a path is one of them. A .npz, which is a zip archive too, is not.
  static bool exists(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  bool is_in_archive() const { return is_in_archive_; }
  /// The paths of the files and folders directly in it, by name.
  const std::vector<std::filesystem::path>& files() const { return files_; }
  const std::vector<std::filesystem::path>& folders() const { return folders_; }
  /// Those of the files whose name is wanted.
  std::vector<std::filesystem::path> find(const std::function<bool(const std::string& name)>& is_wanted) const;

 private:
  void list_archive(const std::filesystem::path& archive, const std::string& below);

  std::filesystem::path path_;
  bool is_in_archive_ = false;
  std::vector<std::filesystem::path> files_;
  std::vector<std::filesystem::path> folders_;
};

/// The kind of a file in such a folder by its first bytes; unknown for what cannot be opened.
FileKind kind_in_folder(const std::filesystem::path& file);

/// Whether such a file is a picture by its first bytes.
bool begins_as_picture(const std::filesystem::path& file);

/// The files in a folder, or a folder in an archive, and in all folders below it, by name; not through links that lead
/// back up.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder);

}  // namespace digitrec
