#pragma once

#include <ATen/core/Tensor.h>

namespace digitrec::kernels {

/// The loss of a batch, and what training needs of it.
struct CrossEntropy {
  float loss = 0;       ///< the mean over the batch, as torch.nn.functional.cross_entropy gives it
  int64_t correct = 0;  ///< rows whose largest logit is that of their label
  at::Tensor gradient;  ///< of the loss, [N, C], of the logits' type
};

/// `logits`: float32 or bfloat16 [N, C] on the CPU. `labels`: int64 [N], 0 to C - 1, or -1 for a row
/// of no class: its target is the same for each. `class_weights`: float32 [C], or
/// undefined. `label_smoothing`: 0 to 1. One pass in this thread: a batch's logits are too few to share out, and
/// LibTorch's operations for it open three parallel regions.
CrossEntropy cross_entropy(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& class_weights,
                           double label_smoothing);

}  // namespace digitrec::kernels
