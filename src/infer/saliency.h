#pragma once

#include "digitrec/checkpoint/checkpoint.h"

namespace digitrec {

/// How much each pixel speaks for the class that the network gives an image: the gradient of the class's logit by the
/// pixel, times the pixel (Shrikumar and others 2016). uint8 images [N, S, S] -> float32 [N, S, S] on the CPU, the
/// largest magnitude of each image 1; negative speaks against.
torch::Tensor saliency(const Checkpoint& network, const torch::Tensor& images);

}  // namespace digitrec
