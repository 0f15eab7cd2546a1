#pragma once

#include "digitrec/infer/predictor.h"

#include <optional>

namespace digitrec {

/// What networks read of images as they lie, and of the same with rows and columns swapped.
struct Orientation {
  int64_t rows = 0;     ///< that were looked at, the first of the data
  int64_t correct = 0;  ///< of them
  int64_t swapped = 0;  ///< of them, swapped
};

/// Whether images seem to lie on their side, as EMNIST's do: the networks read few of them, and clearly more of the
/// first 1,000 the other way round. `probabilities`: what they gave for the labelled `dataset`.
std::optional<Orientation> find_better_swapped(Predictor& predictor, const Dataset& dataset,
                                               const at::Tensor& probabilities);

}  // namespace digitrec
