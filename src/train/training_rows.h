#pragma once

#include "data/split.h"
#include "digitrec/train/config.h"

#include <ATen/core/Tensor.h>

#include <string>

namespace digitrec {

/// All rows of a run. Those of `extra_data` come after the data set's own and are only trained on.
struct TrainingRows {
  Dataset dataset;
  Split split;
  std::string data;          ///< fingerprint of the data set
  std::string extra_data{};  ///< of both together; empty without extra rows
};

/// Throws Error when the extra rows cannot be read or do not fit the data set.
TrainingRows training_rows(const TrainConfig& config, const Dataset& dataset);

/// How many of the split's validation rows have an image that is also, or nearly, among its training rows; see
/// find_near_duplicates.
int64_t count_leaked_rows(const Dataset& dataset, const Split& split);

/// n / (K * n_c) for each class c of the K that occur among the labels, int64 [n], so that the mean weight over the
/// rows is 1; 0 for a class that does not occur.
at::Tensor balanced_weights(const at::Tensor& labels, int64_t classes);

}  // namespace digitrec
