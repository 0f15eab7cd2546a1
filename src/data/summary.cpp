#include "digitrec/data/summary.h"

#include <torch/types.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace digitrec {
namespace {

/// The bytes of image `row` as a key; valid as long as the data set.
std::string_view image_bytes(const Dataset& dataset, int64_t row) {
  const int64_t size = dataset.image_size() * dataset.image_size();
  const auto* pixels = reinterpret_cast<const char*>(dataset.images.const_data_ptr<uint8_t>());
  return {pixels + row * size, static_cast<size_t>(size)};
}

/// Each distinct image and the first row that shows it.
std::unordered_map<std::string_view, int64_t> first_rows(const Dataset& dataset) {
  std::unordered_map<std::string_view, int64_t> rows;
  rows.reserve(static_cast<size_t>(dataset.size()));
  for (int64_t row = 0; row < dataset.size(); ++row) rows.try_emplace(image_bytes(dataset, row), row);
  return rows;
}

}  // namespace

DatasetSummary summarize(const Dataset& dataset) {
  DatasetSummary summary;
  summary.rows = dataset.size();
  summary.image_size = dataset.image_size();
  const int64_t* label = nullptr;
  if (dataset.has_labels()) {
    label = dataset.labels.const_data_ptr<int64_t>();
    summary.classes = dataset.num_classes();
    summary.histogram.assign(static_cast<size_t>(summary.classes), 0);
  }
  const auto first = first_rows(dataset);
  for (int64_t row = 0; row < dataset.size(); ++row) {
    const std::string_view image = image_bytes(dataset, row);
    if (image.find_first_not_of(image[0]) == std::string_view::npos) ++summary.blank;
    const int64_t first_row = first.at(image);
    if (first_row != row) ++summary.duplicates;
    if (label == nullptr) continue;
    ++summary.histogram[static_cast<size_t>(label[row])];
    if (label[first_row] != label[row]) ++summary.conflicts;
  }
  return summary;
}

}  // namespace digitrec
