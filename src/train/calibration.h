#pragma once

#include <ATen/core/Tensor.h>

namespace digitrec {

/// The temperature by which to divide the logits, float32 [N, K], for the highest likelihood of the labels, int64 [N]
/// (Guo et al. 2017); between 0.05 and 20. 1 when there are no rows or a logit is not finite.
double fit_temperature(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace digitrec
