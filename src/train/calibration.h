#pragma once

#include <ATen/core/Tensor.h>

namespace digitrec {

/// The temperature that logits, float32 [N, K], have to be divided by for the highest likelihood of the labels, int64
/// [N] (Guo et al. 2017); between 0.05 and 20, and 1 when there are no rows.
double fit_temperature(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace digitrec
