#include "train/training_rows.h"

#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/train/trainer.h"

#include <spdlog/fmt/fmt.h>
#include <torch/types.h>

namespace digitrec {

TrainingRows training_rows(const TrainConfig& config, const Dataset& dataset) {
  TrainingRows rows{dataset, training_split(config, dataset), fingerprint(dataset)};
  if (config.extra_data.empty()) return rows;
  const Dataset extra = load_dataset(config.extra_data, Purpose::train);
  if (extra.image_size() != dataset.image_size()) {
    throw Error(fmt::format("{}: images of {} x {}, {} has {} x {}; extra data must be of the same size", extra.source,
                            extra.image_size(), extra.image_size(), dataset.source, dataset.image_size(),
                            dataset.image_size()));
  }
  require_labels_below(extra, dataset.num_classes());
  rows.dataset.images = torch::cat({dataset.images, extra.images});
  rows.dataset.labels = torch::cat({dataset.labels, extra.labels});
  rows.split.train = torch::cat({rows.split.train, torch::arange(dataset.size(), dataset.size() + extra.size())});
  rows.extra_data = fingerprint(rows.dataset);
  return rows;
}

torch::Tensor balanced_weights(const torch::Tensor& labels, int64_t classes) {
  const torch::Tensor counts = labels.bincount({}, classes).to(torch::kFloat32);
  const torch::Tensor occurs = counts > 0;
  const torch::Tensor weights = counts.sum() / (occurs.sum() * counts.clamp_min(1));
  return weights * occurs;
}

}  // namespace digitrec
