#include "data/data_folder.h"

#include "core/names.h"
#include "data/archive.h"
#include "data/byte_stream.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <system_error>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// A link to a folder that it lies in, which would be walked for ever.
bool leads_up(const fs::path& link) {
  std::error_code error;
  if (!fs::is_symlink(link, error)) return false;
  const fs::path from = fs::weakly_canonical(link.parent_path(), error);
  const fs::path up = from.lexically_relative(fs::weakly_canonical(link, error));
  return !up.empty() && *up.begin() != "..";
}

}  // namespace

DataFolder::DataFolder(const fs::path& path) : path_(path.empty() ? fs::path(".") : path) {
  std::error_code error;
  if (const auto place = split_archive_path(path_)) {
    list_archive(place->archive, place->entry + "/");
  } else if (is_archive(path_)) {
    list_archive(path_, "");
  } else if (fs::is_directory(path_, error)) {
    for (fs::directory_iterator entry(path_, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      std::error_code unknown;
      if (is_hidden(entry->path())) continue;
      const fs::path name = path.empty() ? entry->path().filename() : entry->path();
      (entry->is_directory(unknown) ? folders_ : files_).push_back(name);
    }
    if (error) throw Error(fmt::format("{}: cannot be read: {}", path_.string(), error.message()));
  }
  std::sort(files_.begin(), files_.end());
  std::sort(folders_.begin(), folders_.end());
}

bool DataFolder::exists(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return true;
  if (is_archive(path)) return lower_case(path.extension().string()) != ".npz";
  if (!split_archive_path(path)) return false;
  const DataFolder folder(path);
  return !folder.files().empty() || !folder.folders().empty();
}

void DataFolder::list_archive(const fs::path& archive, const std::string& below) {
  is_in_archive_ = true;
  std::set<std::string> folders;
  for (const std::string& entry : Archive(archive, "zip archive").entries()) {
    if (!entry.starts_with(below)) continue;
    const std::string rest = entry.substr(below.size());
    const size_t slash = rest.find('/');
    if (slash == std::string::npos) {
      files_.push_back(archive / entry);
    } else {
      folders.insert(below + rest.substr(0, slash));
    }
  }
  for (const std::string& folder : folders) folders_.push_back(archive / folder);
}

std::vector<fs::path> DataFolder::find(const std::function<bool(const std::string& name)>& is_wanted) const {
  std::vector<fs::path> found;
  for (const fs::path& file : files_) {
    if (is_wanted(file.filename().string())) found.push_back(file);
  }
  return found;
}

FileKind kind_in_folder(const fs::path& file) {
  return split_archive_path(file) ? file_kind(read_beginning(file, kFileKindBytes)) : kind_of_file(file);
}

bool begins_as_picture(const fs::path& file) { return kind_in_folder(file).name.ends_with(" picture"); }

std::vector<fs::path> files_below(const fs::path& folder) {
  const DataFolder place(folder);
  std::vector<fs::path> files = place.files();
  for (const fs::path& below : place.folders()) {
    if (leads_up(below)) continue;
    const std::vector<fs::path> more = files_below(below);
    files.insert(files.end(), more.begin(), more.end());
  }
  return files;
}

}  // namespace digitrec
