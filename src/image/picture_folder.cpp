#include "image/picture_folder.h"

#include "core/file_kind.h"
#include "core/number.h"
#include "data/archive.h"
#include "data/data_folder.h"
#include "data/picture_reader.h"
#include "digitrec/core/error.h"
#include "digitrec/image/pictures.h"
#include "image/folder_use.h"
#include "image/image_file.h"

#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kImageSize = 28;

bool is_picture(const fs::path& file) { return kind_of_file(file).name.ends_with(" picture"); }

/// A folder of a class's pictures, and the files in it by name.
struct ClassFolder {
  fs::path path;
  std::vector<fs::path> files{};
};

/// The zip archive that `folder` is or lies in; empty for a folder of files.
fs::path archive_of(const fs::path& folder) {
  if (const auto place = split_archive_path(folder)) return place->archive;
  return is_archive(folder) ? folder : fs::path{};
}

/// Whether a folder is called as one for a purpose is: it holds classes rather than being one.
bool is_for_a_purpose(const fs::path& folder) { return folder_use(folder) != FolderUse::any; }

/// Whether a folder, or one so many levels below it, has a file with the name of a picture. Names are enough: what is
/// named may be a home folder, with too many files to open.
bool has_pictures_below(const fs::path& folder, int levels) {
  const DataFolder place(folder);
  if (std::any_of(place.files().begin(), place.files().end(), is_image_name)) return true;
  return levels > 0 && std::any_of(place.folders().begin(), place.folders().end(),
                                   [&](const fs::path& below) { return has_pictures_below(below, levels - 1); });
}

/// Whether a folder is one of a class. As for torchvision's ImageFolder its pictures may lie deeper.
bool is_class_folder(const fs::path& folder) {
  constexpr int kLevels = 3;
  const DataFolder place(folder);
  if (std::any_of(place.files().begin(), place.files().end(), is_picture)) return true;
  return !is_for_a_purpose(folder) && has_pictures_below(folder, kLevels);
}

/// The same of an archive, which is listed once. Names tell pictures, as bytes would have to be looked for in it.
std::vector<ClassFolder> class_folders_in(const fs::path& archive, const fs::path& folder) {
  std::map<fs::path, std::vector<fs::path>> files;
  for (const std::string& entry : Archive(archive, "zip archive").entries()) {
    const fs::path file = archive / entry;
    const fs::path inside = file.lexically_relative(folder);
    const auto depth = std::distance(inside.begin(), inside.end());
    if (depth < 2 || *inside.begin() == ".." || !is_image_name(file)) continue;
    const fs::path place = folder / *inside.begin();
    if (depth == 2 || !is_for_a_purpose(place)) files[place].push_back(file);
  }
  std::vector<ClassFolder> classes;
  for (auto& [path, found] : files) {
    std::sort(found.begin(), found.end());
    classes.push_back({path, std::move(found)});
  }
  return classes;
}

/// The folders in `folder` that have pictures in them or below them, by name. Those of train and test alone are no
/// classes; one beside others may be a class, as of trains.
std::vector<ClassFolder> class_folders(const fs::path& folder) {
  std::vector<ClassFolder> classes;
  if (const fs::path archive = archive_of(folder); !archive.empty()) {
    classes = class_folders_in(archive, folder);
  } else {
    const DataFolder place(folder);
    for (const fs::path& below : place.folders()) {
      if (is_class_folder(below)) classes.push_back({below, files_below(below)});
    }
  }
  const bool are_no_classes =
      std::all_of(classes.begin(), classes.end(), [](const ClassFolder& one) { return is_for_a_purpose(one.path); });
  return are_no_classes ? std::vector<ClassFolder>{} : classes;
}

/// What of pictures lies beside the class folders, and so has no class; empty where there is nothing.
std::string name_pictures_beside(const fs::path& folder) {
  const DataFolder place(folder);
  std::vector<fs::path> beside = place.files();
  std::erase_if(beside,
                [&](const fs::path& file) { return place.is_in_archive() ? !is_image_name(file) : !is_picture(file); });
  if (beside.empty()) return "";
  return fmt::format("{} beside the folders left out, such as {}", beside.size(), beside.front().filename().string());
}

/// The numbers that all folders are named by, in their order; empty where one has another name.
std::vector<int64_t> numbers_of(const std::vector<ClassFolder>& folders) {
  std::vector<int64_t> numbers;
  for (const ClassFolder& folder : folders) {
    int64_t value = 0;
    const Range<int64_t> range{0, kMaxClasses - 1};
    if (parse_number(folder.path.filename().string(), range, value)) return {};
    numbers.push_back(value);
  }
  return numbers;
}

/// A picture and its class.
struct Labelled {
  fs::path file;
  int64_t label = 0;
};

/// Round by round one of each class, so that the first ones show all.
std::vector<Labelled> list_pictures(const std::vector<ClassFolder>& classes) {
  std::vector<Labelled> pictures;
  for (size_t round = 0, before = SIZE_MAX; before != pictures.size(); ++round) {
    before = pictures.size();
    for (size_t c = 0; c < classes.size(); ++c) {
      const auto& files = classes[c].files;
      if (round < files.size()) pictures.push_back({files[round], static_cast<int64_t>(c)});
    }
  }
  return pictures;
}

/// The side that pictures come to: with the whole of them shown, their own where all have the same.
int64_t image_size_of(const std::vector<Labelled>& pictures, Framing framing, const PictureBytes& bytes) {
  constexpr int64_t kMaxOwnSize = 64;
  if (framing == Framing::digits) return kImageSize;
  int64_t size = 0;
  for (const Labelled& picture : pictures) {
    GrayImage image;
    if (bytes) {
      const std::string whole = bytes(picture.file);
      if (!is_image(whole)) continue;
      image = decode_image(whole, picture.file.string());
    } else {
      if (!is_picture(picture.file)) continue;
      image = read_image(picture.file);
    }
    if (image.width != image.height || image.width > kMaxOwnSize || (size != 0 && image.width != size))
      return kImageSize;
    size = image.width;
  }
  return size == 0 ? kImageSize : size;
}

/// The folders in `place` for a purpose, those wanted most first: by their usual name, then by a word in it, of which
/// one is as good as another.
std::vector<std::vector<fs::path>> folders_for(const DataFolder& place, bool is_training) {
  std::vector<std::vector<fs::path>> found;
  const std::vector<FolderUse> uses =
      is_training ? std::vector{FolderUse::train} : std::vector{FolderUse::test, FolderUse::validation};
  for (const FolderUse use : uses) {
    std::vector<fs::path> others;
    for (const fs::path& below : place.folders()) {
      if (folder_use(below) != use) continue;
      has_usual_name(below) ? found.push_back({below}) : others.push_back(below);
    }
    if (!others.empty()) found.push_back(std::move(others));
  }
  return found;
}

/// The folders that each of the classes' has in it: "0", "1", ... in those of writers or folds.
std::vector<std::string> folders_in_all(const std::vector<ClassFolder>& classes) {
  std::map<std::string, size_t> counts;
  for (const ClassFolder& one : classes) {
    const DataFolder place(one.path);
    for (const fs::path& below : place.folders()) ++counts[below.filename().string()];
  }
  std::vector<std::string> shared;
  for (const auto& [name, count] : counts) {
    if (count == classes.size()) shared.push_back(name);
  }
  return shared;
}

/// Whether all are named as digits and letters are, or as numbers: they are classes, whatever lies in them.
bool are_named_as_characters(const std::vector<ClassFolder>& classes) {
  return !numbers_of(classes).empty() || std::all_of(classes.begin(), classes.end(), [](const ClassFolder& one) {
    return one.path.filename().string().size() <= 2;
  });
}

/// Throws Error where the folders are no classes, but several data sets of the same ones.
void require_classes(const fs::path& folder, const std::vector<ClassFolder>& classes) {
  const auto name = [&](size_t i) { return classes[i].path.filename().string(); };
  for (const bool is_training : {true, false}) {
    if (!classes.empty()) break;
    const std::vector<std::vector<fs::path>> found = folders_for(DataFolder(folder), is_training);
    if (found.empty() || found.front().size() < 2) continue;
    const std::vector<fs::path>& sets = found.front();
    throw Error(fmt::format("{}: holds both {} and {}", folder.string(), sets.front().filename().string(),
                            sets.back().filename().string()),
                "name the one to use");
  }
  if (classes.size() < 2 || are_named_as_characters(classes)) return;
  const std::vector<std::string> shared = folders_in_all(classes);
  if (shared.size() < 2) return;
  throw Error(fmt::format("{}: {} and {} hold the same folders, such as {} and {}; expected a folder for each class",
                          folder.string(), name(0), name(1), shared[0], shared[1]),
              "name the one to use, or put the pictures of a class into one folder");
}

}  // namespace

fs::path find_class_folders(const fs::path& folder, Purpose purpose) {
  const bool is_training = purpose == Purpose::train || purpose == Purpose::inspect;
  const DataFolder place(folder);
  for (const std::vector<fs::path>& alike : folders_for(place, is_training)) {
    std::vector<fs::path> found;
    for (const fs::path& below : alike) {
      const fs::path inner = find_class_folders(below, purpose);
      if (!inner.empty() || !class_folders(below).empty()) found.push_back(inner.empty() ? below : inner);
    }
    if (!found.empty()) return found.size() == 1 ? found.front() : folder;
  }
  // All may lie in a folder of the archive's name, or of the data set's.
  const bool is_wrapped = place.folders().size() == 1 && name_pictures_beside(folder).empty();
  if (is_wrapped) return find_class_folders(place.folders().front(), purpose);
  // One folder of pictures alone is no data set of one class, but a folder that holds another.
  return class_folders(folder).size() > 1 ? folder : fs::path{};
}

fs::path find_test_folder(const fs::path& folder) {
  const fs::path train = find_class_folders(folder, Purpose::train);
  for (fs::path inner = train; !inner.empty() && inner != folder && inner.has_parent_path();) {
    inner = inner.parent_path();
    const std::vector<std::vector<fs::path>> found = folders_for(DataFolder(inner), /*is_training=*/false);
    if (!found.empty()) return found.front().front();
  }
  return {};
}

PictureBytes bytes_below(const fs::path& folder) {
  constexpr size_t kMaxBytes = 64 << 20;
  const fs::path path = archive_of(folder);
  if (path.empty()) return {};
  const auto archive = std::make_shared<Archive>(path, "zip archive");
  const auto turn = std::make_shared<std::mutex>();  // libzip reads one file of an archive at a time
  return [path, archive, turn](const fs::path& file) {
    const std::lock_guard lock(*turn);
    ArchiveEntry entry(*archive, file.lexically_relative(path).generic_string());
    std::string bytes;
    std::array<char, 1 << 16> chunk{};
    for (int64_t got = 1; got > 0 && bytes.size() <= kMaxBytes;) {
      got = entry.read_some(chunk.data(), chunk.size());
      if (got < 0) throw Error(fmt::format("{}: damaged", file.string()));
      bytes.append(chunk.data(), static_cast<size_t>(got));
    }
    return bytes;
  };
}

Dataset load_picture_folder(const fs::path& folder, Framing framing, int64_t max_rows) {
  std::vector<ClassFolder> classes = class_folders(folder);
  require_classes(folder, classes);
  std::vector<int64_t> numbers = numbers_of(classes);
  if (!numbers.empty()) {
    std::sort(classes.begin(), classes.end(), [](const ClassFolder& a, const ClassFolder& b) {
      return std::stoll(a.path.filename().string()) < std::stoll(b.path.filename().string());
    });
    std::sort(numbers.begin(), numbers.end());
  }
  std::vector<Labelled> pictures = list_pictures(classes);
  if (max_rows > 0) pictures.resize(std::min(pictures.size(), static_cast<size_t>(max_rows)));
  const PictureBytes bytes = bytes_below(folder);
  const int64_t size = image_size_of(pictures, framing, bytes);
  std::vector<fs::path> files;
  for (const Labelled& picture : pictures) files.push_back(picture.file);
  const PictureKind kind = framing == Framing::digits ? PictureKind::character : PictureKind::whole;
  const Pictures read = load_pictures(files, size, kind, bytes);

  std::vector<int64_t> labels;
  std::vector<std::string> errors;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (read.errors[i].empty()) {
      labels.push_back(pictures[i].label);
    } else {
      errors.push_back(fmt::format("{}: {}", files[i].string(), read.errors[i]));
    }
  }
  if (labels.empty()) throw Error(errors.front());
  Dataset dataset = read.digits;
  dataset.labels = at::tensor(labels, at::kLong);
  dataset.source = folder.string();
  if (numbers.empty()) {
    for (const ClassFolder& one : classes) dataset.classes.names.push_back(one.path.filename().string());
  } else if (numbers.back() + 1 != static_cast<int64_t>(numbers.size())) {
    dataset.classes.labels = std::move(numbers);
  }
  add_reading(dataset, fmt::format("pictures in {} folders", classes.size()));
  if (const std::string beside = name_pictures_beside(folder); !beside.empty()) add_reading(dataset, beside);
  if (!errors.empty())
    add_reading(dataset, fmt::format("{} of {} left out, such as {}", errors.size(), pictures.size(), errors.front()));
  return dataset;
}

void read_picture_folders() { set_picture_reader({find_class_folders, load_picture_folder}); }

}  // namespace digitrec
