#pragma once

#include "digitrec/data/source.h"

#include <filesystem>
#include <vector>

namespace digitrec {

/// Reads MNIST's IDX format (LeCun, Cortes, Burges: http://yann.lecun.com/exdb/mnist/), plain or gzip: big-endian magic
/// 0x00000803, count, rows, columns, then the pixels. `max_images` > 0 stops after that many. Throws Error when the
/// magic is wrong, the images are not square, or the sizes disagree with the file's length. Memory grows with the bytes
/// read, not with what the header promises.
Dataset read_idx_images(const std::filesystem::path& path, int64_t max_images = 0);

/// Reads labels likewise: magic 0x00000801, count, then one byte per label.
std::vector<int64_t> read_idx_labels(const std::filesystem::path& path, int64_t max_labels = 0);

/// Images with the labels of a second file. Throws Error when the two disagree in length.
Dataset read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, int64_t max_images = 0);

/// Whether the name is one of MNIST's, such as train-images-idx3-ubyte.gz.
bool has_idx_name(const std::filesystem::path& path);

/// Reads the images with the labels of the file beside them, whose name says "labels-idx1" for "images-idx3"; without
/// labels to predict, or to inspect images that have none. Throws Error.
Dataset load_idx(const std::filesystem::path& images, Purpose purpose, int64_t max_rows);

}  // namespace digitrec
