#pragma once

#include "digitrec/data/dataset.h"

namespace digitrec {

/// Row numbers of a data set, int64, ascending; the two share none.
struct Split {
  torch::Tensor train;
  torch::Tensor validation;  ///< empty when the fraction is 0
};

/// Holds back round(fraction * n) rows of each class (at least one, and never all), chosen by `seed`. The same labels,
/// fraction and seed give the same rows everywhere. Throws Error when a class has a single row and fraction > 0: it
/// could not be in both parts.
Split stratified_split(const Dataset& dataset, double fraction, uint64_t seed);

}  // namespace digitrec
