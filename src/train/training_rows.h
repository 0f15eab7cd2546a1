#pragma once

#include "data/split.h"
#include "digitrec/train/config.h"

#include <ATen/core/Tensor.h>

#include <string>

namespace digitrec {

/// All rows that a run has, with those of --extra-data behind the data set's own: only ever trained on.
struct TrainingRows {
  Dataset dataset;
  Split split;
  std::string data;          ///< fingerprint of the data set
  std::string extra_data{};  ///< of both together; empty without extra rows
};

/// Throws Error when the extra rows cannot be read or do not fit the data set.
TrainingRows training_rows(const TrainConfig& config, const Dataset& dataset);

/// How many of the split's validation rows show an image that its training rows show too, or nearly; see
/// find_near_duplicates.
int64_t count_leaked_rows(const Dataset& dataset, const Split& split);

/// n / (K * n_c) for each class c of K that occurs among the labels, int64 [n], so that the mean weight is 1; 0 for one
/// that does not.
at::Tensor balanced_weights(const at::Tensor& labels, int64_t classes);

}  // namespace digitrec
