#include "train/calibration.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <cmath>
#include <numbers>

namespace digitrec {

double fit_temperature(const at::Tensor& logits, const at::Tensor& labels) {
  if (labels.numel() == 0) return 1;
  const at::Tensor wide = logits.to(at::kCPU, at::kDouble);
  const at::Tensor truth = labels.to(at::kCPU);
  if (!wide.isfinite().all().item<bool>()) return 1;
  const auto loss = [&](double log_temperature) {
    return at::cross_entropy_loss(wide / std::exp(log_temperature), truth).item<double>();
  };
  // Golden-section search: the loss has one minimum in the inverse temperature, and so in its logarithm.
  double low = std::log(0.05);
  double high = std::log(20);
  constexpr double kShare = 1 / std::numbers::phi;
  double left = high - kShare * (high - low);
  double right = low + kShare * (high - low);
  double at_left = loss(left);
  double at_right = loss(right);
  while (high - low > 1e-4) {
    if (at_left < at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - kShare * (high - low);
      at_left = loss(left);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + kShare * (high - low);
      at_right = loss(right);
    }
  }
  return std::exp((low + high) / 2);
}

}  // namespace digitrec
