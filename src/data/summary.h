#pragma once

#include "digitrec/data/dataset.h"

#include <cstdint>
#include <vector>

namespace digitrec {

/// What is in a data set.
struct DatasetSummary {
  int64_t rows = 0;
  int64_t image_size = 0;
  int64_t classes = 0;             ///< 0 without labels
  std::vector<int64_t> histogram;  ///< rows of each class; empty without labels
  int64_t duplicates = 0;          ///< rows whose image, pixel for pixel, has occurred in an earlier row
  int64_t conflicts = 0;           ///< of those, rows whose label differs from the first one's
  int64_t blank = 0;               ///< rows whose pixels are all equal
};

DatasetSummary summarize(const Dataset& dataset);

}  // namespace digitrec
