#include "figures/first_layer.h"

#include <ATen/core/Tensor.h>

namespace digitrec {

at::Tensor first_layer(const Checkpoint& network) {
  for (const auto& [name, parameter] : network.model->named_parameters()) {
    const at::Tensor weight = parameter.detach();
    if (weight.dim() == 4) return weight.contiguous().squeeze(1);
    const int64_t side = network.info.shape.image_size;
    if (weight.dim() == 2 && weight.size(1) == side * side) return weight.view({-1, side, side});
  }
  return {};
}

}  // namespace digitrec
