#include "train/plan.h"

#include "core/precision.h"
#include "digitrec/core/device.h"
#include "train/seeds.h"

#include <algorithm>
#include <utility>

namespace digitrec {

Split training_split(const TrainConfig& config, const Dataset& dataset) {
  const uint64_t seed = stream_seed(config, kSplitStream);
  if (config.folds == 0) return stratified_split(dataset, config.val_fraction, seed);
  return stratified_fold(dataset, config.folds, (std::max<int64_t>(1, config.member) - 1) % config.folds, seed);
}

TrainPlan plan_training(const TrainConfig& config, const Dataset& dataset) {
  require_consistent(config);
  const at::Device device = choose_device(config.device).device;
  TrainingRows rows = training_rows(config, dataset);
  const int64_t leaked = count_leaked_rows(rows.dataset, rows.split);
  const Normalization normalization =
      config.normalization == NormalizationKind::mnist
          ? Normalization{}
          : measure_normalization(rows.dataset.images.index_select(0, rows.split.train));
  return {.config = config,
          .device = device,
          .execution = {choose_precision(config.precision, device).precision, config.kernels},
          .rows = std::move(rows),
          .leaked_rows = leaked,
          .shape = {dataset.num_classes(), dataset.image_size()},
          .normalization = normalization};
}

}  // namespace digitrec
