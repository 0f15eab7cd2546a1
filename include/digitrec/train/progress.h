#pragma once

#include "digitrec/data/normalization.h"
#include "digitrec/model/presets.h"

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

/// One row of metrics.csv. Accuracies are fractions of 1; without validation rows the two val_ fields are NaN.
struct EpochMetrics {
  int64_t epoch = 0;  ///< counted from 1
  double train_loss = 0;
  double train_accuracy = 0;  ///< of the batches as they were trained on, dropout included
  double val_loss = 0;
  double val_accuracy = 0;
  double lr = 0;       ///< of the epoch's last step
  double seconds = 0;  ///< of training alone
  double images_per_second = 0;
};

/// What is known before the first step of a network.
struct TrainStart {
  std::string device;
  std::string machine;  ///< the processor or GPU behind it, and the number of threads
  int64_t train_rows = 0;
  int64_t validation_rows = 0;
  int64_t leaked_rows = 0;  ///< validation rows whose image, or nearly the same, is among the training rows
  ModelShape shape;
  int64_t parameters = 0;
  Normalization normalization;
  std::vector<EpochMetrics> epochs{};  ///< of a network that is resumed: those it had completed
  int64_t batches = 0;                 ///< likewise: done of the next
  int64_t best_epoch = 0;              ///< likewise: the best of them, from 1; 0: none
  std::string damage{};                ///< likewise: what could not be used of what it had saved; empty: all could
};

/// Where an epoch is; sent a few times a second.
struct BatchProgress {
  int64_t epoch = 0;
  int64_t epochs = 0;
  int64_t batch = 0;  ///< batches done in this epoch
  int64_t batches = 0;
  double loss = 0;      ///< mean over the epoch so far
  double accuracy = 0;  ///< likewise
  double images_per_second = 0;
  double seconds_left = 0;  ///< of training, should all epochs run
};

enum class StopReason { finished, patience, max_seconds, interrupted };

}  // namespace digitrec
