#include "digitrec/infer/metrics.h"

#include <torch/types.h>

namespace digitrec {
namespace {

double ratio(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

}  // namespace

Metrics compute_metrics(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  Metrics metrics;
  metrics.rows = labels.size(0);
  const auto classes = static_cast<size_t>(probabilities.size(1));
  metrics.confusion.assign(classes, std::vector<int64_t>(classes, 0));
  const torch::Tensor predictions = probabilities.argmax(1).contiguous();
  const int64_t* predicted = predictions.const_data_ptr<int64_t>();
  const torch::Tensor truth = labels.contiguous();
  const int64_t* label = truth.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < metrics.rows; ++i) {
    ++metrics.confusion[static_cast<size_t>(label[i])][static_cast<size_t>(predicted[i])];
  }
  // The smallest normal float keeps the loss finite where the true class was given probability 0.
  const torch::Tensor likelihood = probabilities.gather(1, truth.unsqueeze(1)).to(torch::kFloat64).clamp_min(1.2e-38);
  metrics.loss = -likelihood.log().mean().item<double>();

  int64_t correct = 0;
  for (size_t c = 0; c < classes; ++c) {
    int64_t predicted_as_c = 0;
    int64_t support = 0;
    for (size_t other = 0; other < classes; ++other) {
      predicted_as_c += metrics.confusion[other][c];
      support += metrics.confusion[c][other];
    }
    const int64_t hits = metrics.confusion[c][c];
    correct += hits;
    metrics.classes.push_back({support, ratio(hits, predicted_as_c), ratio(hits, support), ratio(2 * hits, predicted_as_c + support)});
  }
  metrics.accuracy = ratio(correct, metrics.rows);
  return metrics;
}

}  // namespace digitrec
