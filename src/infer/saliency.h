#pragma once

#include "digitrec/checkpoint/checkpoint.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace digitrec {

/// How much each pixel adds to the logit of the label: the logit's gradient with respect to the pixel, times the pixel
/// (Shrikumar et al. 2016), summed over the networks. Images uint8 [N, S, S] and labels int64 [N] on the CPU -> float32
/// [N, S, S] on the CPU, scaled so that each image's largest magnitude is 1.
at::Tensor saliency(const std::vector<Loaded<Checkpoint>>& networks, const at::Tensor& images,
                    const at::Tensor& labels);

}  // namespace digitrec
