#include "digitrec/infer/predictor.h"

#include "digitrec/core/error.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {

Predictor::Predictor(const std::vector<std::filesystem::path>& checkpoints, torch::Device device, Precision precision)
    : device_(device) {
  if (checkpoints.empty()) throw UsageError("no checkpoint named; expected at least one");
  for (const std::filesystem::path& path : checkpoints) {
    Checkpoint network = load_checkpoint(path);
    if (!networks_.empty() && (network.info.shape.classes != shape().classes ||
                               network.info.shape.image_size != shape().image_size)) {
      throw Error(fmt::format("{}: has {} classes and {} x {} images, {} has {} and {} x {}; name checkpoints of the same data",
                              path.string(), network.info.shape.classes, network.info.shape.image_size,
                              network.info.shape.image_size, checkpoints.front().string(), shape().classes,
                              shape().image_size, shape().image_size));
    }
    network.model->to(device_);
    network.model->set_execution({precision, Kernels::fused});
    networks_.push_back(std::move(network));
  }
}

torch::Tensor Predictor::predict(const Dataset& dataset) {
  if (dataset.image_size() != shape().image_size) {
    throw Error(fmt::format("{}: images of {} x {}, the checkpoint takes {} x {}; use data of the size it was trained on",
                            dataset.source, dataset.image_size(), dataset.image_size(), shape().image_size,
                            shape().image_size));
  }
  const torch::Tensor on_device = dataset.images.to(device_);
  torch::Tensor sum;
  for (const Checkpoint& network : networks_) {
    const torch::Tensor logits = compute_logits(*network.model, on_device, network.info.normalization);
    const torch::Tensor probabilities = logits.softmax(1).to(torch::kCPU);
    sum = sum.defined() ? sum + probabilities : probabilities;
  }
  return sum / static_cast<double>(networks_.size());
}

}  // namespace digitrec
