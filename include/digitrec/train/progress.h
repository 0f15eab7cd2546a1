#pragma once

#include "digitrec/data/normalization.h"
#include "digitrec/model/presets.h"

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

/// One row of metrics.csv. Accuracies are fractions of 1; without validation rows the two val_ fields are NaN.
struct EpochMetrics {
  int64_t epoch = 0;             ///< counted from 1
  double train_loss = 0;         ///< mean over the images, of the batches as they were trained on
  double train_accuracy = 0;     ///< of the batches as they were trained on, augmentation and dropout included
  double val_loss = 0;           ///< mean over the validation rows, in nats
  double val_accuracy = 0;       ///< of the validation rows
  double lr = 0;                 ///< of the epoch's last step
  double seconds = 0;            ///< of training, without validation
  double images_per_second = 0;  ///< trained
};

/// What is known before the first step of a network.
struct TrainStart {
  std::string device;                  ///< "cpu", "cuda:0", "mps"
  std::string machine;                 ///< the processor and its number of threads, or the GPU
  int64_t train_rows = 0;              ///< extra rows included
  int64_t validation_rows = 0;         ///< rows held back
  int64_t leaked_rows = 0;             ///< validation rows whose image, or nearly the same, is among the training rows
  ModelShape shape;                    ///< classes and image size
  int64_t parameters = 0;              ///< trainable values
  Normalization normalization;         ///< of the pixels
  std::string initial{};               ///< of `init`: the file and what of it was not used; empty: new weights
  std::vector<EpochMetrics> epochs{};  ///< when resumed: the epochs that are complete
  int64_t batches = 0;                 ///< when resumed: batches done of the next epoch
  int64_t best_epoch = 0;              ///< when resumed: the best epoch so far, from 1; 0: none
  std::string changes{};  ///< when resumed: why the weights are not those of a run in one go; empty: they are
  std::string damage{};   ///< when resumed: which saved files could not be used; empty: all could
};

/// Where an epoch is; sent a few times a second.
struct BatchProgress {
  int64_t epoch = 0;             ///< counted from 1
  int64_t epochs = 0;            ///< that the configuration asks for
  int64_t batch = 0;             ///< batches done in this epoch
  int64_t batches = 0;           ///< batches per epoch
  double loss = 0;               ///< mean over the epoch so far
  double accuracy = 0;           ///< fraction of 1, over the epoch so far
  double images_per_second = 0;  ///< trained
  double seconds_left = 0;       ///< of training, if all epochs run
};

/// Why training ended: all epochs done, early stopping, out of time, or stopped by the caller.
enum class StopReason { finished, patience, max_seconds, interrupted };

}  // namespace digitrec
