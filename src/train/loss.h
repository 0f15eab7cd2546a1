#pragma once

#include <ATen/core/Tensor.h>

namespace digitrec {

/// Mean cross entropy of a batch on any device, where rows with the label -1 are of no class and their target is the
/// same for each. `logits`: [N, C]. `labels`: int64 [N]. `class_weights`: float32 [C], or undefined; a row of no class
/// weighs 1. kernels::cross_entropy() gives the same on the CPU.
at::Tensor loss_with_outliers(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& class_weights,
                              double label_smoothing);

}  // namespace digitrec
