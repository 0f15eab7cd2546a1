#include "report/first_layer.h"

#include <torch/nn/module.h>

namespace digitrec {

torch::Tensor first_layer(const Checkpoint& network) {
  for (const auto& item : network.model->named_parameters()) {
    const torch::Tensor weight = item.value().detach();
    if (weight.dim() == 4) return weight.contiguous().squeeze(1);
    const int64_t side = network.info.shape.image_size;
    if (weight.dim() == 2 && weight.size(1) == side * side) return weight.view({-1, side, side});
  }
  return {};
}

}  // namespace digitrec
