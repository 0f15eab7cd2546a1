#pragma once

#include "digitrec/infer/predictor.h"

#include <optional>
#include <string>

namespace digitrec {

/// Rows to evaluate on that a network has seen in its training: an accuracy on them says nothing about others.
struct Leak {
  int64_t rows = 0;        ///< of the evaluation data
  std::string checkpoint;  ///< a network that saw them
  std::string data;        ///< what it was trained on
};

/// Looks the rows of `evaluation` up among those that the networks were trained on, pixel for pixel or nearly; see
/// find_near_duplicates. A training set is known where the checkpoint still lies in its run folder and the data is
/// where the run found it; otherwise only whether `evaluation` is the very data set that was split for training. Empty
/// when nothing was found.
std::optional<Leak> find_leak(const Predictor& predictor, const Dataset& evaluation);

}  // namespace digitrec
