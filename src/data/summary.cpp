#include "data/summary.h"

#include "data/image_rows.h"

#include <algorithm>
#include <string_view>

namespace digitrec {

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
  const auto first = first_rows(dataset.images);
  for (int64_t row = 0; row < dataset.size(); ++row) {
    const std::string_view image = image_bytes(dataset.images, row);
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
