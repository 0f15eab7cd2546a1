#include "digitrec/data/split.h"

#include "digitrec/core/error.h"
#include "digitrec/core/random.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace digitrec {

Split stratified_split(const Dataset& dataset, double fraction, uint64_t seed) {
  if (fraction <= 0) return {torch::arange(dataset.size(), torch::kInt64), torch::empty({0}, torch::kInt64)};

  std::vector<std::vector<int64_t>> rows_of(static_cast<size_t>(dataset.num_classes()));
  const torch::Tensor labels = dataset.labels.contiguous();
  const int64_t* label = labels.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < dataset.size(); ++row) rows_of[static_cast<size_t>(label[row])].push_back(row);

  std::vector<int64_t> train;
  std::vector<int64_t> validation;
  for (size_t c = 0; c < rows_of.size(); ++c) {
    std::vector<int64_t>& rows = rows_of[c];
    if (rows.empty()) continue;
    if (rows.size() == 1) {
      throw Error(fmt::format("{}: class {} has one example; expected at least 2, one to train on and one to validate: add "
                              "some, or train on everything with --val-fraction 0",
                              dataset.source, c));
    }
    // A stream for each class: rows added to one class leave the choice in the others alone.
    Random random(mix_seed(seed, c));
    random.shuffle(rows);
    const auto wanted = static_cast<int64_t>(std::llround(fraction * static_cast<double>(rows.size())));
    const auto held_back = std::clamp<int64_t>(wanted, 1, static_cast<int64_t>(rows.size()) - 1);
    validation.insert(validation.end(), rows.begin(), rows.begin() + held_back);
    train.insert(train.end(), rows.begin() + held_back, rows.end());
  }
  std::sort(train.begin(), train.end());
  std::sort(validation.begin(), validation.end());
  return {torch::tensor(train, torch::kInt64), torch::tensor(validation, torch::kInt64)};
}

}  // namespace digitrec
