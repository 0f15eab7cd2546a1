#pragma once

#include "digitrec/checkpoint/checkpoint.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace digitrec {

/// How much each pixel speaks for an image being of a class: the gradient of the class's logit by the pixel, times the
/// pixel (Shrikumar and others 2016), summed over the networks. Images uint8 [N, S, S] and labels int64 [N] on the CPU
/// -> float32 [N, S, S] on the CPU, the largest magnitude of each image 1; negative speaks against.
at::Tensor saliency(const std::vector<Loaded<Checkpoint>>& networks, const at::Tensor& images,
                       const at::Tensor& labels);

}  // namespace digitrec
