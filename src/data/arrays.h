#pragma once

#include "digitrec/data/source.h"

#include <filesystem>
#include <optional>
#include <string>

namespace digitrec {

/// Loads a .npz archive: x_train and y_train to train, x_test and y_test else, as Keras ships MNIST, or what others
/// call them (train_images and train_labels, images and labels, x and y, arr_0 and arr_1), or two arrays of which the
/// shapes tell which one is which. Labels may also be alone in an archive beside it, as KMNIST has them, and one-hot.
/// Images and labels may be of any number type, see pixels_of(). Throws Error.
Dataset load_npz(const std::filesystem::path& path, Purpose purpose, int64_t max_rows);

/// What the images to test on of a .npz are loaded for that also has images to train on: to evaluate, or to predict
/// where they have no labels. Nothing for a .npz of one part. Throws Error.
std::optional<Purpose> purpose_of_test_part(const std::filesystem::path& path);

/// Loads a .npy of images with the labels in the file beside it: x_train.npy with y_train.npy, images.npy with
/// labels.npy. Throws Error.
Dataset load_npy(const std::filesystem::path& path, Purpose purpose, int64_t max_rows);

/// Whether a file is named as one of arrays of images is, rather than one of labels.
bool has_image_array_name(const std::string& name);

/// The file beside one of images that is named as its labels are: y_train.npy for x_train.npy. Empty when there is
/// none.
std::filesystem::path find_array_labels(const std::filesystem::path& images);

}  // namespace digitrec
