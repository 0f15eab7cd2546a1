#include "data/source_files.h"

#include "data/archive.h"
#include "data/byte_stream.h"
#include "data/class_numbers.h"
#include "data/data_folder.h"
#include "data/formats.h"
#include "digitrec/data/source.h"

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// An archive's own path for what lies in it.
fs::path on_disk(const fs::path& file) {
  const auto place = split_archive_path(file);
  return place ? place->archive : file;
}

/// The same for a file of images.
std::vector<fs::path> files_of_images(const fs::path& file) {
  std::vector<fs::path> files{on_disk(file)};
  if (DataFolder::exists(file)) return files;  // an archive
  for (const fs::path& beside : {format_of(file).find_labels(file), find_mapping(file)}) {
    if (!beside.empty()) files.push_back(on_disk(beside));
  }
  return files;
}

std::vector<fs::path> pictures_in(const fs::path& class_folders) {
  std::vector<fs::path> files;
  const DataFolder classes(class_folders);
  for (const fs::path& folder : classes.folders()) {
    const std::vector<fs::path> pictures = files_below(folder);
    files.insert(files.end(), pictures.begin(), pictures.end());
  }
  return files;
}

}  // namespace

std::vector<fs::path> files_read_from(const fs::path& path) {
  if (!is_data_folder(path)) return can_be_read_again(path) ? files_of_images(path) : std::vector<fs::path>{};
  if (const fs::path archive = on_disk(path); is_archive(archive)) return {archive};
  std::vector<fs::path> files;
  for (const fs::path& found : find_data_files(path)) {
    const std::vector<fs::path> more = fs::is_directory(found) ? pictures_in(found) : files_of_images(found);
    files.insert(files.end(), more.begin(), more.end());
  }
  if (!files.empty()) return files;
  return DataFolder(path).find([](const std::string& name) { return name.ends_with(".zip"); });
}

}  // namespace digitrec
