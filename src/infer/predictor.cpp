#include "digitrec/infer/predictor.h"

#include "digitrec/checkpoint/safetensors.h"
#include "digitrec/core/error.h"
#include "digitrec/data/augment.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace digitrec {
namespace {

/// Images between two reports of progress: few enough that their views stay near the cache.
constexpr int64_t kImages = 1024;

}  // namespace

std::vector<torch::Tensor> test_time_views(const torch::Tensor& images) {
  constexpr std::array<AffineMap, 8> kMaps{{{.rotate = 8},
                                            {.rotate = -8},
                                            {.width = 0.92, .height = 0.92},
                                            {.width = 1.08, .height = 1.08},
                                            {.shear = 0.1},
                                            {.shear = -0.1},
                                            {.width = 0.92, .height = 1.08},
                                            {.width = 1.08, .height = 0.92}}};
  std::vector<torch::Tensor> views{images};
  for (const AffineMap& map : kMaps) views.push_back(transform(images, map));
  return views;
}

Predictor::Predictor(const std::vector<std::filesystem::path>& paths, const PredictorOptions& options)
    : options_(options) {
  if (paths.empty()) throw UsageError("no checkpoint named; expected at least one");
  for (const std::filesystem::path& path : paths) {
    const bool may_fall_back = options.on_damage && std::filesystem::is_directory(path);
    for (const std::filesystem::path& file : find_checkpoints(path)) {
      std::string damage;
      Checkpoint network = may_fall_back ? load_checkpoint_or_previous(file, damage) : load_checkpoint(file);
      if (!damage.empty()) options.on_damage(damage);
      add(damage.empty() ? file : previous_file(file), std::move(network));
    }
  }
}

void Predictor::add(const std::filesystem::path& file, Checkpoint network) {
  if (!networks_.empty() &&
      (network.info.shape.classes != shape().classes || network.info.shape.image_size != shape().image_size)) {
    throw Error(fmt::format(
        "{}: has {} classes and {} x {} images, {} has {} and {} x {}; name checkpoints of the same data",
        file.string(), network.info.shape.classes, network.info.shape.image_size, network.info.shape.image_size,
        files_.front().string(), shape().classes, shape().image_size, shape().image_size));
  }
  network.model->to(options_.device);
  network.model->set_execution({options_.precision, Kernels::fused});
  files_.push_back(file);
  networks_.push_back(std::move(network));
}

torch::Tensor Predictor::predict(Checkpoint& network, const torch::Tensor& images) const {
  const auto probabilities = [&](const torch::Tensor& view) {
    return compute_logits(*network.model, view, network.info.normalization).div_(network.info.temperature).softmax(1);
  };
  if (!options_.tta) return probabilities(images);
  const std::vector<torch::Tensor> views = test_time_views(images);
  torch::Tensor sum = probabilities(views.front());
  for (size_t i = 1; i < views.size(); ++i) sum += probabilities(views[i]);
  return sum / static_cast<double>(views.size());
}

torch::Tensor Predictor::predict(const Dataset& dataset) {
  if (dataset.image_size() != shape().image_size) {
    throw Error(fmt::format(
        "{}: images of {} x {}, the checkpoint takes {} x {}; use data of the size it was trained on", dataset.source,
        dataset.image_size(), dataset.image_size(), shape().image_size, shape().image_size));
  }
  const torch::Tensor images = dataset.images.to(options_.device);
  torch::Tensor result = torch::zeros({dataset.size(), shape().classes});
  double done = 0;
  for (Checkpoint& network : networks_) {
    for (int64_t begin = 0; begin < dataset.size(); begin += kImages) {
      const int64_t end = std::min(begin + kImages, dataset.size());
      result.slice(0, begin, end).add_(predict(network, images.slice(0, begin, end)).to(torch::kCPU));
      done += static_cast<double>(end - begin);
      if (options_.on_progress) {
        options_.on_progress(done / static_cast<double>(dataset.size() * static_cast<int64_t>(networks_.size())));
      }
    }
  }
  return result / static_cast<double>(networks_.size());
}

}  // namespace digitrec
