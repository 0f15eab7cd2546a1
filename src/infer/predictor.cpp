#include "digitrec/infer/predictor.h"

#include "digitrec/core/error.h"
#include "train/augment.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <utility>

namespace digitrec {
namespace {

/// Images between two reports of progress: few enough that their views stay in the cache.
constexpr int64_t kImages = 1024;

}  // namespace

std::vector<at::Tensor> test_time_views(const at::Tensor& images) {
  constexpr std::array<AffineMap, 8> kMaps{{{.rotate = 8},
                                            {.rotate = -8},
                                            {.width = 0.92, .height = 0.92},
                                            {.width = 1.08, .height = 1.08},
                                            {.shear = 0.1},
                                            {.shear = -0.1},
                                            {.width = 0.92, .height = 1.08},
                                            {.width = 1.08, .height = 0.92}}};
  std::vector<at::Tensor> views{images};
  for (const AffineMap& map : kMaps) views.push_back(transform(images, map));
  return views;
}

Predictor::Predictor(std::vector<Loaded<Checkpoint>> networks, const PredictorOptions& options)
    : options_(options), networks_(std::move(networks)) {
  if (networks_.empty()) throw UsageError("no checkpoint named; expected at least one");
  for (const auto& [network, file, damage] : networks_) {
    const ModelShape& found = network.info.shape;
    if (found.classes != shape().classes || found.image_size != shape().image_size) {
      throw Error(fmt::format("{}: has {} classes and {} x {} images, {} has {} and {} x {}", file.string(),
                              found.classes, found.image_size, found.image_size, networks_.front().file.string(),
                              shape().classes, shape().image_size, shape().image_size),
                  "name checkpoints of the same data");
    }
    if (network.info.classes != classes()) {
      throw Error(fmt::format("{}: its classes have other names or numbers than those of {}", file.string(),
                              networks_.front().file.string()),
                  "name checkpoints of the same data");
    }
    network.model->to(options_.device);
    network.model->set_execution({options_.precision, Kernels::fused});
  }
}

DataOptions Predictor::data_options() const {
  const CheckpointInfo& info = networks_.front().value.info;
  return {.transpose = info.transpose, .framing = info.framing, .transpose_pictures = false};
}

at::Tensor Predictor::predict(Checkpoint& network, const at::Tensor& images, From from) const {
  const auto probabilities = [&](const at::Tensor& view) {
    return compute_logits(*network.model, view, network.info.normalization).div_(network.info.temperature).softmax(1);
  };
  const bool has_views = options_.tta || (from == From::pictures && network.info.learned_framing());
  if (!has_views) return probabilities(images);
  const std::vector<at::Tensor> views = test_time_views(images);
  at::Tensor sum = probabilities(views.front());
  for (size_t i = 1; i < views.size(); ++i) sum += probabilities(views[i]);
  return sum / static_cast<double>(views.size());
}

at::Tensor Predictor::predict(const Dataset& dataset) { return predict(dataset, From::data); }

at::Tensor Predictor::predict_found(const Dataset& digits) { return predict(digits, From::pictures); }

at::Tensor Predictor::predict(const Dataset& dataset, From from) {
  if (dataset.image_size() != shape().image_size) {
    throw Error(fmt::format("{}: images of {} x {}, the checkpoint takes {} x {}", dataset.source, dataset.image_size(),
                            dataset.image_size(), shape().image_size, shape().image_size),
                "use data of the size it was trained on");
  }
  const at::Tensor images = dataset.images.to(options_.device);
  at::Tensor result = at::zeros({dataset.size(), shape().classes});
  double done = 0;
  for (auto& [network, file, damage] : networks_) {
    for (int64_t begin = 0; begin < dataset.size(); begin += kImages) {
      const int64_t end = std::min(begin + kImages, dataset.size());
      result.slice(0, begin, end).add_(predict(network, images.slice(0, begin, end), from).to(at::kCPU));
      done += static_cast<double>(end - begin);
      if (options_.on_progress) {
        options_.on_progress(done / static_cast<double>(dataset.size() * static_cast<int64_t>(networks_.size())));
      }
    }
    if (!result.isfinite().all().item<bool>()) {
      throw Error(fmt::format("{}: its probabilities are not finite", file.string()),
                  "train it again, or leave it out");
    }
  }
  return result / static_cast<double>(networks_.size());
}

}  // namespace digitrec
