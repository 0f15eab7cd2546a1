#pragma once

#include "digitrec/data/source.h"

#include <filesystem>

namespace digitrec {

/// Reads a data set from NumPy's .npz, a zip archive of arrays, as Keras ships MNIST: images x_train and x_test, uint8
/// [N, S, S] or [N, S, S, 1], with labels y_train and y_test, whole numbers [N] or [N, 1]. `purpose` decides
/// between the two sets; Purpose::inspect takes the training set where there is one. `max_rows` > 0 stops after that
/// many images. Throws Error. Memory grows with the bytes read, not with what a shape promises.
Dataset load_npz(const std::filesystem::path& path, Purpose purpose, int64_t max_rows);

}  // namespace digitrec
