#pragma once

#include "digitrec/checkpoint/checkpoint.h"

#include <filesystem>
#include <functional>
#include <vector>

namespace digitrec {

struct PredictorOptions {
  torch::Device device = torch::kCPU;
  Precision precision = Precision::fp32;
  /// Test-time augmentation: every image is also seen a little turned, scaled and shifted; see test_time_views.
  bool tta = false;
  /// Told from time to time which share of the work is done.
  std::function<void(double)> on_progress{};
  /// Told when a run's checkpoint is damaged and the one before it is used instead. Without it that is an error, as it
  /// is for a file that was named itself.
  std::function<void(const std::string&)> on_damage{};
};

/// One or more trained networks that answer together: the mean of their probabilities, each calibrated by the
/// temperature in its checkpoint.
class Predictor {
 public:
  /// Takes what find_checkpoints finds at each path. Throws Error when a checkpoint cannot be loaded, or when two
  /// differ in classes or image size.
  explicit Predictor(const std::vector<std::filesystem::path>& paths, const PredictorOptions& options = {});

  /// Probabilities, float32 [N, classes] on the CPU. Throws Error when the images are not of the networks' size.
  torch::Tensor predict(const Dataset& dataset);

  const ModelShape& shape() const { return networks_.front().info.shape; }
  const std::vector<Checkpoint>& networks() const { return networks_; }
  /// Where each of the networks came from.
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  void add(const std::filesystem::path& file, Checkpoint network);
  torch::Tensor predict(Checkpoint& network, const torch::Tensor& images) const;

  PredictorOptions options_;
  std::vector<std::filesystem::path> files_;
  std::vector<Checkpoint> networks_;
};

/// The images, uint8 [N, S, S], and slightly varied copies of them, float32 of the same shape: nine views in all, the
/// same ones every time.
std::vector<torch::Tensor> test_time_views(const torch::Tensor& images);

}  // namespace digitrec
