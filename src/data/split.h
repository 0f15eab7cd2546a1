#pragma once

#include "digitrec/data/dataset.h"

#include <ATen/core/Tensor.h>

namespace digitrec {

/// Row numbers of a data set, int64, ascending. No row is in both.
struct Split {
  at::Tensor train;
  at::Tensor validation;  ///< empty when the fraction is 0
};

/// Holds back round(fraction * n) rows of each class (at least one, and never all), chosen by `seed`. The same labels,
/// fraction and seed give the same rows everywhere. Throws Error when a class has a single row and fraction > 0,
/// since that row cannot be in both parts.
Split stratified_split(const Dataset& dataset, double fraction, uint64_t seed);

/// Fold number `fold` (from 0) of `folds`: its rows are the validation rows, all others are trained on. Every row is in
/// exactly one fold, and every fold has its share of each class, to within one row. Throws Error when a class has fewer
/// than 2 rows, or the data set fewer rows than folds.
Split stratified_fold(const Dataset& dataset, int64_t folds, int64_t fold, uint64_t seed);

}  // namespace digitrec
