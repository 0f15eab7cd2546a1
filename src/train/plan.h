#pragma once

#include "digitrec/core/execution.h"
#include "digitrec/data/normalization.h"
#include "digitrec/model/presets.h"
#include "digitrec/train/config.h"
#include "train/training_rows.h"

#include <c10/core/Device.h>

#include <cstdint>

namespace digitrec {

/// One network's training with everything decided that settings leave open: which rows, where, in which precision.
struct TrainPlan {
  TrainConfig config;
  at::Device device;
  Execution execution;
  TrainingRows rows;
  int64_t leaked_rows = 0;  ///< validation rows whose image, or nearly the same, is among the training rows
  ModelShape shape;
  Normalization normalization;
};

/// Throws UsageError where two settings contradict each other or the machine, and Error for data that does not fit.
TrainPlan plan_training(const TrainConfig& config, const Dataset& dataset);

/// The rows that the configuration trains on and those it only validates on; a function of labels, fraction, folds and
/// seed.
Split training_split(const TrainConfig& config, const Dataset& dataset);

}  // namespace digitrec
