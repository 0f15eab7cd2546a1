#pragma once

#include "digitrec/checkpoint/checkpoint.h"

#include <ATen/core/Tensor.h>

namespace digitrec {

/// The first layer's weights as images, float32 [N, H, W]: the filters of a convolution, or what each unit of a fully
/// connected layer makes of every pixel.
at::Tensor first_layer(const Checkpoint& network);

}  // namespace digitrec
