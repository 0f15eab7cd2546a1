#include "train/training_rows.h"

#include "data/near_duplicates.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "train/plan.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {
namespace {

/// The extra rows, with the classes of `dataset`: by the names or numbers that these have, or else by those that the
/// file of names replaces.
Dataset load_extra(const TrainConfig& config, const Dataset& dataset) {
  DataOptions options = extra_data_options(config);
  Dataset extra = load_dataset(config.extra_data, Purpose::train, options);
  if (extra.image_size() != dataset.image_size()) {
    throw Error(fmt::format("{}: images of {} x {}, {} has {} x {}; extra data must have the same size", extra.source,
                            extra.image_size(), extra.image_size(), dataset.source, dataset.image_size(),
                            dataset.image_size()));
  }
  try {
    match_classes(extra, dataset.classes, dataset.num_classes());
  } catch (const Error&) {
    if (config.class_names.empty()) throw;
    options.class_names = config.class_names;
    extra = load_dataset(config.extra_data, Purpose::train, options);
    match_classes(extra, dataset.classes, dataset.num_classes());
  }
  return extra;
}

}  // namespace

TrainingRows training_rows(const TrainConfig& config, const Dataset& dataset) {
  TrainingRows rows{dataset, training_split(config, dataset), fingerprint(dataset)};
  if (config.extra_data.empty()) return rows;
  const Dataset extra = load_extra(config, dataset);
  rows.dataset.images = at::cat({dataset.images, extra.images});
  rows.dataset.labels = at::cat({dataset.labels, extra.labels});
  rows.split.train = at::cat({rows.split.train, at::arange(dataset.size(), dataset.size() + extra.size())});
  rows.extra_data = fingerprint(rows.dataset);
  return rows;
}

int64_t count_leaked_rows(const Dataset& dataset, const Split& split) {
  return count_near_duplicates(dataset.images.index_select(0, split.train),
                               dataset.images.index_select(0, split.validation));
}

at::Tensor balanced_weights(const at::Tensor& labels, int64_t classes) {
  const at::Tensor counts = labels.bincount({}, classes).to(at::kFloat);
  const at::Tensor occurs = counts > 0;
  const at::Tensor weights = counts.sum() / (occurs.sum() * counts.clamp_min(1));
  return weights * occurs;
}

}  // namespace digitrec
