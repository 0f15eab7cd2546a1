#pragma once

#include "digitrec/infer/predictor.h"

#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// Rows of the evaluation data that a network was trained on: its accuracy on them says nothing about new images.
struct Leak {
  int64_t rows = 0;        ///< of the evaluation data
  std::string checkpoint;  ///< a network that saw them
  std::string data;        ///< what it was trained on
};

/// What find_leak found, and where it could not look.
struct LeakCheck {
  std::optional<Leak> leak{};            ///< empty when nothing was found
  std::vector<std::string> unchecked{};  ///< one line for each network or data set that nothing could be compared with
};

/// Looks for rows of `evaluation` among those that the networks were trained on, see find_near_duplicates. The training
/// rows are known when the checkpoint lies in its run folder and the data where the run read it; otherwise only whether
/// `evaluation` is the data set that was split for training.
LeakCheck find_leak(const Predictor& predictor, const Dataset& evaluation);

}  // namespace digitrec
