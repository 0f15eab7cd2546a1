#pragma once

#include "digitrec/checkpoint/checkpoint.h"

#include <filesystem>
#include <vector>

namespace digitrec {

/// One or more trained networks that answer together: the mean of their probabilities.
class Predictor {
 public:
  /// Throws Error when a checkpoint cannot be loaded, or when two differ in classes or image size.
  Predictor(const std::vector<std::filesystem::path>& checkpoints, torch::Device device,
            Precision precision = Precision::fp32);

  /// Probabilities, float32 [N, classes] on the CPU. Throws Error when the images are not of the networks' size.
  torch::Tensor predict(const Dataset& dataset);

  const ModelShape& shape() const { return networks_.front().info.shape; }
  const std::vector<Checkpoint>& networks() const { return networks_; }

 private:
  torch::Device device_;
  std::vector<Checkpoint> networks_;
};

}  // namespace digitrec
