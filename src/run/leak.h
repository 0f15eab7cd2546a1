#pragma once

#include "digitrec/infer/predictor.h"

#include <optional>
#include <string>

namespace digitrec {

/// Rows of the evaluation data that a network was trained on: its accuracy on them says nothing about new images.
struct Leak {
  int64_t rows = 0;        ///< of the evaluation data
  std::string checkpoint;  ///< a network that saw them
  std::string data;        ///< what it was trained on
};

/// Looks for rows of `evaluation` among those that the networks were trained on, see find_near_duplicates. The training
/// rows are known when the checkpoint lies in its run folder and the data where the run read it; otherwise only whether
/// `evaluation` is the data set that was split for training. Empty when nothing was found.
std::optional<Leak> find_leak(const Predictor& predictor, const Dataset& evaluation);

}  // namespace digitrec
