#pragma once

#include "digitrec/data/source.h"

#include <filesystem>
#include <string_view>
#include <vector>

namespace digitrec {

/// Reads images in MNIST's IDX format (LeCun, Cortes, Burges: http://yann.lecun.com/exdb/mnist/), plain or gzip:
/// big-endian, two zeros, the type of the numbers, how many dimensions, the dimensions, then the numbers. N x S x S of
/// any type, see pixels_of(); also N x S x S with a dimension of 1, and N x S * S. `max_images` > 0 stops after that
/// many. Throws Error for anything else, and when the sizes disagree with the file's length. Memory grows with the
/// bytes read, not with what the header promises.
Dataset read_idx_images(const std::filesystem::path& path, int64_t max_images = 0);

/// Reads labels likewise: N, or N rows whose first number is the label, as QMNIST has them.
std::vector<int64_t> read_idx_labels(const std::filesystem::path& path, int64_t max_labels = 0);

/// Images with the labels of a second file. Throws Error when the two disagree in length.
Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, int64_t max_images = 0);

/// Whether a file is IDX by its first bytes.
bool is_idx(std::string_view beginning);

/// The file of labels for one of images, whose name has "labels" for "images" and else begins alike: beside it, or in a
/// folder named alike beside its own. Empty when there is none.
std::filesystem::path find_idx_labels(const std::filesystem::path& images);

/// Reads the images with the labels that belong to them; without labels to predict, or to inspect images that have
/// none. Throws Error.
Dataset load_idx(const std::filesystem::path& images, Purpose purpose, int64_t max_rows);

}  // namespace digitrec
