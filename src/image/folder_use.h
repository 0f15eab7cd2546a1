#pragma once

#include <filesystem>

namespace digitrec {

/// What the pictures in a folder are for, by its name.
enum class FolderUse { any, train, test, validation };

/// Of "train", "trainingSet", "seg_train", "Training Data", "test_images", "valid", "dev": a word in the name begins
/// so, in any case. A name with several such words says nothing.
FolderUse folder_use(const std::filesystem::path& folder);

/// Whether the name is but one such word, as it is usually: train, training, test, testing, val, valid, validation.
bool has_usual_name(const std::filesystem::path& folder);

}  // namespace digitrec
