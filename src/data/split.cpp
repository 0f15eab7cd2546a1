#include "data/split.h"

#include "core/random.h"
#include "digitrec/core/error.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

/// The rows of each class that occurs, in a random order. Each class has its own random stream, so that rows added to
/// one do not change the order of another.
std::vector<std::vector<int64_t>> shuffled_classes(const Dataset& dataset, uint64_t seed) {
  std::vector<std::vector<int64_t>> classes(static_cast<size_t>(dataset.num_classes()));
  const at::Tensor labels = dataset.labels.contiguous();
  const int64_t* label = labels.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < dataset.size(); ++row) classes[static_cast<size_t>(label[row])].push_back(row);
  for (size_t c = 0; c < classes.size(); ++c) {
    if (classes[c].size() == 1) {
      throw Error(fmt::format("{}: class {} has one example; expected at least 2, one to train on and one to validate",
                              dataset.source, c),
                  "add some, or train on everything with `val_fraction` 0");
    }
    Random random(mix_seed(seed, c));
    random.shuffle(classes[c]);
  }
  std::erase_if(classes, [](const auto& rows) { return rows.empty(); });
  return classes;
}

Split sorted(std::vector<int64_t> train, std::vector<int64_t> validation) {
  std::sort(train.begin(), train.end());
  std::sort(validation.begin(), validation.end());
  return {at::tensor(train, at::kLong), at::tensor(validation, at::kLong)};
}

}  // namespace

Split stratified_split(const Dataset& dataset, double fraction, uint64_t seed) {
  if (fraction <= 0) return {at::arange(dataset.size(), at::kLong), at::empty({0}, at::kLong)};
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
  for (const std::vector<int64_t>& rows : shuffled_classes(dataset, seed)) {
    const auto wanted = static_cast<int64_t>(std::llround(fraction * static_cast<double>(rows.size())));
    const auto held_back = std::clamp<int64_t>(wanted, 1, static_cast<int64_t>(rows.size()) - 1);
    validation.insert(validation.end(), rows.begin(), rows.begin() + held_back);
    train.insert(train.end(), rows.begin() + held_back, rows.end());
  }
  return sorted(std::move(train), std::move(validation));
}

Split stratified_fold(const Dataset& dataset, int64_t folds, int64_t fold, uint64_t seed) {
  if (dataset.size() < folds) {
    throw Error(fmt::format("{}: {} rows cannot fill {} folds", dataset.source, dataset.size(), folds),
                "add rows or lower `folds`");
  }
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
  int64_t dealt = 0;  // over all classes, so that the folds differ by at most one row
  for (const std::vector<int64_t>& rows : shuffled_classes(dataset, seed)) {
    for (const int64_t row : rows) (dealt++ % folds == fold ? validation : train).push_back(row);
  }
  return sorted(std::move(train), std::move(validation));
}

}  // namespace digitrec
