#include "image/class_folders.h"

#include "core/names.h"
#include "data/archive.h"
#include "data/data_folder.h"
#include "digitrec/core/error.h"
#include "image/folder_use.h"
#include "image/image_file.h"
#include "image/picture_bytes.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

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
  if (std::any_of(place.files().begin(), place.files().end(), begins_as_picture)) return true;
  return !is_for_a_purpose(folder) && has_pictures_below(folder, kLevels);
}

/// The same of an archive, which is listed once. Names tell pictures where they have an ending: bytes have to be
/// unpacked.
std::vector<ClassFolder> class_folders_in(const fs::path& archive, const fs::path& folder) {
  const PictureBytes bytes = bytes_below(archive);
  const auto is_one = [&](const fs::path& file) {
    return is_image_name(file) || (!file.has_extension() && is_image(bytes(file)));
  };
  std::map<fs::path, std::vector<fs::path>> files;
  for (const std::string& entry : Archive(archive, "zip archive").entries()) {
    const fs::path file = archive / entry;
    const fs::path inside = file.lexically_relative(folder);
    const auto depth = std::distance(inside.begin(), inside.end());
    if (depth < 2 || *inside.begin() == ".." || !is_one(file)) continue;
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

/// How many of the classes' folders hold each of the folders in them, by its name.
std::map<std::string, size_t> count_folders_in(const std::vector<ClassFolder>& classes) {
  std::map<std::string, size_t> counts;
  for (const ClassFolder& one : classes) {
    const DataFolder place(one.path);
    for (const fs::path& below : place.folders()) ++counts[below.filename().string()];
  }
  return counts;
}

/// A name that a folder of one character has: itself, a number, its code as NIST writes it (4a), or a digit in words.
bool names_character(const std::string& name) {
  constexpr std::array<std::string_view, 10> kDigits{"zero", "one", "two",   "three", "four",
                                                     "five", "six", "seven", "eight", "nine"};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.size() == 1 || std::all_of(name.begin(), name.end(), is_digit)) return true;
  const std::string lower = lower_case(name);
  const auto is_hex = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  if (lower.size() == 2 && is_digit(lower.front()) && std::all_of(lower.begin(), lower.end(), is_hex)) return true;
  return std::find(kDigits.begin(), kDigits.end(), lower) != kDigits.end();
}

/// The folders that show that those around them are data sets, of writers or folds, rather than classes: "0", "1", ...
/// in each of them. Of fewer than two nothing is said.
std::vector<std::string> folders_of_classes_in(const std::vector<ClassFolder>& classes) {
  constexpr size_t kAlphabet = 10;
  const std::map<std::string, size_t> counts = count_folders_in(classes);
  const auto all_named = [](const auto& list, auto is_named, auto name_of) {
    return std::all_of(list.begin(), list.end(), [&](const auto& one) { return is_named(name_of(one)); });
  };
  const auto outer_name = [](const ClassFolder& one) { return one.name(); };
  const auto inner_name = [](const auto& one) { return one.first; };
  const bool are_characters = classes.size() >= kAlphabet && all_named(classes, names_character, outer_name);
  const bool hold_characters = all_named(counts, names_character, inner_name);
  const auto is_single = [](const std::string& name) { return name.size() == 1; };
  const bool is_finer = counts.size() < classes.size() && all_named(classes, is_single, outer_name);
  if (are_characters && (!hold_characters || is_finer)) return {};
  std::vector<std::string> shared;
  for (const auto& [name, count] : counts) {
    // A writer may lack some of the characters; other folders mean something only where all have them.
    if (count >= (hold_characters ? 2 : classes.size())) shared.push_back(name);
  }
  return shared;
}

}  // namespace

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

void require_classes(const fs::path& folder, const std::vector<ClassFolder>& classes) {
  for (const bool is_training : {true, false}) {
    if (!classes.empty()) break;
    const std::vector<std::vector<fs::path>> found = folders_for(DataFolder(folder), is_training);
    if (found.empty() || found.front().size() < 2) continue;
    const std::vector<fs::path>& sets = found.front();
    throw Error(fmt::format("{}: holds both {} and {}", folder.string(), sets.front().filename().string(),
                            sets.back().filename().string()),
                "name the one to use");
  }
  if (classes.size() < 2) return;
  const std::vector<std::string> shared = folders_of_classes_in(classes);
  if (shared.size() < 2) return;
  throw Error(fmt::format("{}: {} and {} hold the same folders, such as {} and {}; expected a folder for each class",
                          folder.string(), classes[0].name(), classes[1].name(), shared[0], shared[1]),
              "name the one to use, or put the pictures of a class into one folder");
}

std::vector<fs::path> pictures_beside(const fs::path& folder) {
  const DataFolder place(folder);
  std::vector<fs::path> beside = place.files();
  std::erase_if(beside, [&](const fs::path& file) {
    return place.is_in_archive() ? !is_image_name(file) : !begins_as_picture(file);
  });
  return beside;
}

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
  const bool is_wrapped = place.folders().size() == 1 && pictures_beside(folder).empty();
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

}  // namespace digitrec
