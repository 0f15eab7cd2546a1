#pragma once

#include "digitrec/data/dataset.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// `label,pixel0,...` as below.
std::string image_csv(const Dataset& dataset);

/// Writes `label,pixel0,...` (without the label column when there are no labels, after the ids where the data has
/// some), atomically. Throws Error.
void write_image_csv(const std::filesystem::path& path, const Dataset& dataset);

/// How a submission calls its columns, its rows and the classes.
struct SubmissionNames {
  std::string id = "ImageId";
  std::string label = "Label";
  std::vector<std::string> ids{};  ///< empty: 1, 2, 3, ...
  Classes classes{};

  /// "ImageId,Label"
  std::string header() const;
  /// "1,7", of row `row`, which counts from 0.
  std::string line(int64_t row, int64_t label_index) const;
};

/// A row of an id and its label for each image. `labels`: int64 [N].
std::string id_label_csv(const at::Tensor& labels, const SubmissionNames& names = {});

/// A text as one CSV field: quoted where it holds a comma, a quote or a line break (RFC 4180).
std::string csv_field(const std::string& text);

}  // namespace digitrec
