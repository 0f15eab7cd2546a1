#pragma once

#include "digitrec/data/source.h"

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// A folder of a class's pictures, and the files in it by name.
struct ClassFolder {
  std::filesystem::path path;
  std::vector<std::filesystem::path> files{};

  std::string name() const { return path.filename().string(); }
};

/// The folders in `folder`, which may be a zip archive or lie in one, that have pictures in them or below them, by
/// name. Those of train and test alone are no classes; one beside others may be a class, as of trains.
std::vector<ClassFolder> class_folders(const std::filesystem::path& folder);

/// Throws Error where the folders are no classes, but several data sets of the same ones, as of writers or folds.
void require_classes(const std::filesystem::path& folder, const std::vector<ClassFolder>& classes);

/// The folder below which each class has one of its own with its pictures in it: `folder`, or the one in it for the
/// purpose (train, or test, val). Empty where there is none.
std::filesystem::path find_class_folders(const std::filesystem::path& folder, Purpose purpose);

/// The folder of pictures to predict beside one to train on: test/, or else val/, whether sorted by classes or not.
/// Empty where there are not both.
std::filesystem::path find_test_folder(const std::filesystem::path& folder);

/// The pictures that lie beside the class folders, and so have no class.
std::vector<std::filesystem::path> pictures_beside(const std::filesystem::path& folder);

}  // namespace digitrec
