#include "train/validation.h"

#include "train/calibration.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <cmath>
#include <limits>
#include <utility>

namespace digitrec {

Validation::Validation(at::Tensor images, at::Tensor labels) : images_(std::move(images)), labels_(std::move(labels)) {}

void Validation::score(Classifier& network, CheckpointInfo& info, EpochMetrics& metrics) const {
  metrics.val_loss = metrics.val_accuracy = std::numeric_limits<double>::quiet_NaN();
  if (labels_.numel() == 0) return;
  at::NoGradGuard no_grad;
  const at::Tensor logits = compute_logits(network, images_, info.normalization);
  info.temperature = fit_temperature(logits, labels_);
  metrics.val_loss = at::cross_entropy_loss(logits, labels_).item<double>();
  metrics.val_accuracy =
      static_cast<double>(logits.argmax(1).eq(labels_).sum().item<int64_t>()) / static_cast<double>(labels_.numel());
}

bool is_better(const EpochMetrics& candidate, const std::optional<EpochMetrics>& best, SelectKind select) {
  if (!best || select == SelectKind::last) return true;
  if (std::isnan(candidate.val_accuracy)) return true;  // no validation rows: the last epoch
  if (candidate.val_accuracy != best->val_accuracy) return candidate.val_accuracy > best->val_accuracy;
  return candidate.val_loss < best->val_loss;
}

}  // namespace digitrec
