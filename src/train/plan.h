#pragma once

#include "digitrec/core/execution.h"
#include "digitrec/data/normalization.h"
#include "digitrec/model/presets.h"
#include "digitrec/train/config.h"
#include "train/training_rows.h"

#include <c10/core/Device.h>

#include <cstdint>

namespace digitrec {

/// The training of one network with all choices made that settings leave open: rows, device, precision.
struct TrainPlan {
  TrainConfig config;
  at::Device device;
  Execution execution;
  TrainingRows rows;
  int64_t leaked_rows = 0;  ///< validation rows whose image, or nearly the same, is among the training rows
  ModelShape shape;
  Normalization normalization;
};

/// Throws UsageError when settings contradict each other, and Error for a device that is missing or data that does not
/// fit.
TrainPlan plan_training(const TrainConfig& config, const Dataset& dataset);

/// The rows that the configuration trains on and those that it validates on; a function of labels, `val_fraction`,
/// `folds`, `member` and `seed`.
Split training_split(const TrainConfig& config, const Dataset& dataset);

}  // namespace digitrec
