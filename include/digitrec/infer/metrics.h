#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace digitrec {

/// How one class fared. A ratio whose denominator is 0 is 0, as in scikit-learn.
struct ClassMetrics {
  int64_t support = 0;  ///< rows of the class
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

/// The rows whose highest probability lies in one of kCalibrationBins equal parts of 0 to 1.
struct CalibrationBin {
  int64_t rows = 0;
  double confidence = 0;  ///< mean of those probabilities
  double accuracy = 0;    ///< share of the rows that are right
};

inline constexpr size_t kCalibrationBins = 15;

struct Interval {
  double low = 0;
  double high = 0;
};

struct Metrics {
  int64_t rows = 0;
  int64_t correct = 0;
  double accuracy = 0;  ///< fraction of 1
  Interval interval;    ///< of the accuracy: see wilson_interval
  /// Expected calibration error: mean over the rows of |confidence - accuracy| of their bin (Naeini et al. 2015).
  double calibration_error = 0;
  std::vector<CalibrationBin> calibration;
  double loss = 0;  ///< mean negative log likelihood, in nats
  std::vector<ClassMetrics> classes;
  std::vector<std::vector<int64_t>> confusion;  ///< [label][prediction], rows counted
};

/// Wilson's interval (1927) for a share of which `correct` of `rows` was seen; it covers the truth 95 times in 100.
Interval wilson_interval(int64_t correct, int64_t rows);

/// `probabilities`: float [N, K] on the CPU; `labels`: int64 [N], each below K.
Metrics compute_metrics(const at::Tensor& probabilities, const at::Tensor& labels);

}  // namespace digitrec
