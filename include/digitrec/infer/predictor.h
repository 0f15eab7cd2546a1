#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/data/dataset.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace digitrec {

/// How a Predictor computes.
struct PredictorOptions {
  at::Device device = at::kCPU;           ///< that the networks run on
  Precision precision = Precision::fp32;  ///< of activations and matrix products
  /// Test-time augmentation: every image is also seen a little turned, scaled and shifted; see test_time_views.
  bool tta = false;
  /// Called from time to time with the share of the work that is done, 0 to 1.
  std::function<void(double)> on_progress{};
};

/// One or more trained networks that predict together: the mean of their probabilities, each calibrated by the
/// temperature in its checkpoint.
class Predictor {
 public:
  /// `networks`: at least one, see load_networks. Throws Error when two differ in classes or image size.
  explicit Predictor(std::vector<Loaded<Checkpoint>> networks, const PredictorOptions& options = {});

  /// Probabilities, float32 [N, classes] on the CPU. Throws Error when the images are not of the networks' size.
  at::Tensor predict(const Dataset& dataset);

  /// The same of digits that were found in pictures. A network that learned from varied digits looks at nine views of
  /// each, which makes it right more often and less sure of what is no digit; one that did not is misled by them.
  at::Tensor predict_found(const Dataset& digits);

  /// Classes and image size, the same for all networks.
  const ModelShape& shape() const { return networks_.front().value.info.shape; }
  /// What the classes are called, the same for all networks.
  const Classes& classes() const { return networks_.front().value.info.classes; }
  /// How its data was read when it was trained, as other data is too unless it is said otherwise. Pictures are taken to
  /// be upright.
  DataOptions data_options() const;
  /// The networks, in the order given.
  const std::vector<Loaded<Checkpoint>>& networks() const { return networks_; }

 private:
  enum class From { data, pictures };
  at::Tensor predict(const Dataset& dataset, From from);
  at::Tensor predict(Checkpoint& network, const at::Tensor& images, From from) const;

  PredictorOptions options_;
  std::vector<Loaded<Checkpoint>> networks_;
};

/// The images, uint8 [N, S, S], and slightly varied copies of them, float32 of the same shape: nine views in all, the
/// same ones every time.
std::vector<at::Tensor> test_time_views(const at::Tensor& images);

}  // namespace digitrec
