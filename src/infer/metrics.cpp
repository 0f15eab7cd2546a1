#include "digitrec/infer/metrics.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

double ratio(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

/// Sorts the rows into bins of confidence. All tensors [N].
std::vector<CalibrationBin> calibration_bins(const at::Tensor& confidence, const at::Tensor& is_right) {
  std::vector<CalibrationBin> bins(kCalibrationBins);
  const at::Tensor confidences = confidence.to(at::kDouble).contiguous();
  const at::Tensor right = is_right.contiguous();
  for (int64_t i = 0; i < confidences.size(0); ++i) {
    const double p = confidences.const_data_ptr<double>()[i];
    // Bins are (low, high], the first also takes 0.
    const auto bin = static_cast<size_t>(std::max(0.0, std::ceil(p * kCalibrationBins) - 1));
    CalibrationBin& b = bins[std::min(bin, kCalibrationBins - 1)];
    ++b.rows;
    b.confidence += p;
    b.accuracy += right.const_data_ptr<bool>()[i] ? 1 : 0;
  }
  for (CalibrationBin& b : bins) {
    if (b.rows == 0) continue;
    b.confidence /= static_cast<double>(b.rows);
    b.accuracy /= static_cast<double>(b.rows);
  }
  return bins;
}

}  // namespace

Interval wilson_interval(int64_t correct, int64_t rows) {
  if (rows == 0) return {0, 1};
  constexpr double z = 1.959963984540054;  // 97.5% of a normal distribution lie below
  const auto n = static_cast<double>(rows);
  const double p = static_cast<double>(correct) / n;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Metrics compute_metrics(const at::Tensor& probabilities, const at::Tensor& labels, const Classes& classes) {
  Metrics metrics;
  metrics.rows = labels.size(0);
  const auto count = static_cast<size_t>(probabilities.size(1));
  metrics.confusion.assign(count, std::vector<int64_t>(count, 0));
  const at::Tensor predictions = probabilities.argmax(1).contiguous();
  const int64_t* predicted = predictions.const_data_ptr<int64_t>();
  const at::Tensor truth = labels.contiguous();
  const int64_t* label = truth.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < metrics.rows; ++i) {
    ++metrics.confusion[static_cast<size_t>(label[i])][static_cast<size_t>(predicted[i])];
  }
  // The smallest normal float keeps the loss finite where the true class was given probability 0.
  const at::Tensor likelihood = probabilities.gather(1, truth.unsqueeze(1)).to(at::kDouble).clamp_min(1.2e-38);
  metrics.loss = std::max(0 - likelihood.log().mean().item<double>(), 0.0);  // no -0 where each row is certain

  for (size_t c = 0; c < count; ++c) {
    int64_t predicted_as_c = 0;
    int64_t support = 0;
    for (size_t other = 0; other < count; ++other) {
      predicted_as_c += metrics.confusion[other][c];
      support += metrics.confusion[c][other];
    }
    const int64_t hits = metrics.confusion[c][c];
    metrics.correct += hits;
    metrics.classes.push_back({classes.name(static_cast<int64_t>(c)), support, ratio(hits, predicted_as_c),
                               ratio(hits, support), ratio(2 * hits, predicted_as_c + support)});
  }
  metrics.accuracy = ratio(metrics.correct, metrics.rows);
  metrics.interval = wilson_interval(metrics.correct, metrics.rows);
  metrics.calibration = calibration_bins(std::get<0>(probabilities.max(1)), predictions.eq(truth));
  for (const CalibrationBin& bin : metrics.calibration) {
    metrics.calibration_error += ratio(bin.rows, metrics.rows) * std::abs(bin.confidence - bin.accuracy);
  }
  return metrics;
}

}  // namespace digitrec
