#pragma once

#include "kernels/isa/table.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace digitrec::kernels {

/// A parameter with its gradient and Adam's two moments: float32 on the CPU, side by side in memory, in one order.
struct AdamTensors {
  at::Tensor parameter, gradient, first, second;
};

/// Whether adam_step takes them.
bool fits_adam(const AdamTensors& tensors);

/// Moves all of them, shared out among the threads: one parallel region, where LibTorch's fused kernel has one a
/// tensor.
void adam_step(const AdamStep& step, const std::vector<AdamTensors>& all);

}  // namespace digitrec::kernels
