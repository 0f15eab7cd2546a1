#include "train/initial_weights.h"

#include "checkpoint/contents.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"

#include <ATen/core/grad_mode.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {
namespace {

void require_same_network(const TrainConfig& config, const ModelShape& shape, const CheckpointInfo& info) {
  if (info.preset != config.model) {
    throw UsageError(
        fmt::format("`init`: {} holds a {}, the model to train is {}", config.init, info.preset, config.model),
        fmt::format("set `model` to {}", info.preset));
  }
  if (info.shape.image_size == shape.image_size) return;
  throw UsageError(fmt::format("`init`: the network in {} takes images of {} x {}; the data has {} x {}", config.init,
                               info.shape.image_size, info.shape.image_size, shape.image_size, shape.image_size),
                   "leave `init` out");
}

}  // namespace

std::string load_initial_weights(const TrainConfig& config, const ModelShape& shape, const Classifier& model) {
  const Checkpoint initial = load_checkpoint(config.init, Fallback::none).value;
  require_same_network(config, shape, initial.info);
  at::NoGradGuard no_grad;
  auto state = network_state(model);
  for (const auto& [name, tensor] : network_state(*initial.model)) {
    const at::Tensor& own = state.at(name);
    if (own.sizes() == tensor.sizes()) own.copy_(tensor);  // else of the last layer
  }
  const int64_t classes = initial.info.shape.classes;
  const std::string last =
      classes == shape.classes ? "" : fmt::format(", its last layer of {} classes anew for {}", classes, shape.classes);
  const std::string doubt = initial.doubt.empty() ? "" : fmt::format(" ({})", initial.doubt);
  return fmt::format("{}{}{}", config.init, last, doubt);
}

}  // namespace digitrec
