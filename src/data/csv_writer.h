#pragma once

#include "digitrec/data/dataset.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace digitrec {

/// Writes `label,pixel0,...` (without the label column when there are no labels), atomically. Throws Error.
void write_image_csv(const std::filesystem::path& path, const Dataset& dataset);

/// `ImageId,Label` with ids 1..N. `labels`: int64 [N].
std::string id_label_csv(const at::Tensor& labels);

/// A text as one CSV field: quoted where it holds a comma, a quote or a line break (RFC 4180).
std::string csv_field(const std::string& text);

}  // namespace digitrec
