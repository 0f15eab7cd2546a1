#include "train/validation.h"

#include "core/names.h"
#include "train/calibration.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

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

std::string epoch_chosen_by(const TrainConfig& config, bool has_validation_rows) {
  if (!has_validation_rows) return "last epoch (no validation rows)";
  if (config.select == SelectKind::last) return "last epoch";
  return "highest validation accuracy, then lowest validation loss";
}

std::string chosen_by(const TrainConfig& config, bool has_validation_rows) {
  const std::string epoch = epoch_chosen_by(config, has_validation_rows);
  return has_validation_rows ? epoch + "; temperature by validation loss" : epoch;
}

std::string chosen_on_scored_rows(const TrainConfig& config) {
  std::vector<std::string> chosen;
  if (config.select == SelectKind::validation) chosen.emplace_back("the epoch");
  if (config.patience > 0) chosen.emplace_back("the end of training");
  if (config.schedule == ScheduleKind::plateau) chosen.emplace_back("the learning rate");
  if (chosen.empty())
    return "On these rows the temperature was fitted, so loss and calibration are a little better than on new rows";
  return fmt::format(
      "On these rows {} and the temperature were chosen, so the figures are a little better than on new rows",
      join(chosen));
}

bool is_better(const EpochMetrics& candidate, const std::optional<EpochMetrics>& best, SelectKind select) {
  if (!best || select == SelectKind::last) return true;
  if (std::isnan(candidate.val_accuracy)) return true;  // no validation rows: the last epoch
  if (candidate.val_accuracy != best->val_accuracy) return candidate.val_accuracy > best->val_accuracy;
  return candidate.val_loss < best->val_loss;
}

}  // namespace digitrec
