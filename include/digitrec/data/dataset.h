#pragma once

#include "digitrec/data/classes.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

inline constexpr int64_t kMaxImageSize = 256;  ///< pixels a side that an image may have
inline constexpr int64_t kMaxClasses = 1000;   ///< classes that a data set may have

/// Square greyscale images, resident as bytes, with their labels if these are known.
struct Dataset {
  at::Tensor images;   ///< uint8 [N, S, S], contiguous, on the CPU; 0 is background, 255 is ink
  at::Tensor labels;   ///< int64 [N], classes counted from 0; undefined when the file has no labels
  std::string source;  ///< the file or files it came from, for messages
  Classes classes{};   ///< what the labels are called
  /// What a submission calls the rows, by a file's column of ids, and that column's name; empty: 1, 2, 3, ...
  std::vector<std::string> ids{};
  std::string id_name{};
  std::string reading{};  ///< what was not read as Kaggle writes it: "label: column class; left out: Unnamed: 0"

  /// Number of images, N.
  int64_t size() const { return images.size(0); }
  /// Side of the images in pixels, S.
  int64_t image_size() const { return images.size(1); }
  /// Whether the labels are known.
  bool has_labels() const { return labels.defined(); }
  /// As many as `classes` names, or the highest label plus one. Throws Error when there are no labels.
  int64_t num_classes() const;
};

/// Wraps bytes that a reader has filled: `pixels` holds N images of `image_size` squared bytes each, `labels` is empty
/// or holds N. Takes the vectors over without copying.
Dataset make_dataset(std::vector<uint8_t> pixels, std::vector<int64_t> labels, int64_t image_size, std::string source);

/// 16 hexadecimal digits that differ for other images or labels: to tell whether two data sets are the same. Not a
/// cryptographic hash.
std::string fingerprint(const Dataset& dataset);

/// Numbers the labels as a network with `count` classes does that are called `classes`: by the names, or else by the
/// numbers. Throws Error naming the data set for a label that is none of them.
void match_classes(Dataset& dataset, const Classes& classes, int64_t count);

/// Adds to what was not read as usual.
void add_reading(Dataset& dataset, const std::string& what);

}  // namespace digitrec
