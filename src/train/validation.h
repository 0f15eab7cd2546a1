#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/train/config.h"
#include "digitrec/train/progress.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

namespace digitrec {

/// The rows held back, on which networks are validated.
class Validation {
 public:
  /// Images uint8 [N, S, S] and labels int64 [N], on the network's device; N may be 0.
  Validation(at::Tensor images, at::Tensor labels);

  /// Fills the val_ fields of `metrics`, with NaN where there are no rows, and fits the temperature in `info`.
  void score(Classifier& network, CheckpointInfo& info, EpochMetrics& metrics) const;

 private:
  at::Tensor images_;
  at::Tensor labels_;
};

/// How the epoch that is kept was chosen.
std::string epoch_chosen_by(const TrainConfig& config, bool has_validation_rows);
/// How all was chosen that the validation rows decide: "last epoch; temperature by validation loss".
std::string chosen_by(const TrainConfig& config, bool has_validation_rows);

/// What was chosen on the validation rows, for whoever reads a score on the same rows: one sentence without its stop.
std::string chosen_on_scored_rows(const TrainConfig& config);

/// Whether an epoch is better than the best so far.
bool is_better(const EpochMetrics& candidate, const std::optional<EpochMetrics>& best, SelectKind select);

}  // namespace digitrec
