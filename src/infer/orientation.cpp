#include "infer/orientation.h"

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

int64_t count_correct(const at::Tensor& probabilities, const at::Tensor& labels) {
  return probabilities.argmax(1).eq(labels).sum().item<int64_t>();
}

}  // namespace

std::optional<Orientation> find_better_swapped(Predictor& predictor, const Dataset& dataset,
                                               const at::Tensor& probabilities) {
  constexpr double kGoodEnough = 0.9;
  constexpr int64_t kMaxRows = 1000;
  // The difference of two counts on the same n rows has a standard error of at most sqrt(n).
  constexpr double kStandardErrors = 4;
  const auto correct = static_cast<double>(count_correct(probabilities, dataset.labels));
  if (correct >= kGoodEnough * static_cast<double>(dataset.size())) return std::nullopt;

  Orientation found{.rows = std::min(kMaxRows, dataset.size())};
  Dataset first = dataset;
  first.labels = dataset.labels.slice(0, 0, found.rows);
  found.correct = count_correct(probabilities.slice(0, 0, found.rows), first.labels);
  first.images = dataset.images.slice(0, 0, found.rows).transpose(1, 2).contiguous();
  found.swapped = count_correct(predictor.predict(first), first.labels);
  const auto more = static_cast<double>(found.swapped - found.correct);
  if (more <= kStandardErrors * std::sqrt(static_cast<double>(found.rows))) return std::nullopt;
  return found;
}

}  // namespace digitrec
