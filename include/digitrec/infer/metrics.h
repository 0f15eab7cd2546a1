#pragma once

#include "digitrec/data/classes.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

/// How one class fared. A ratio whose denominator is 0 is 0, as in scikit-learn.
struct ClassMetrics {
  std::string name{};    ///< what people call it
  int64_t support = 0;   ///< rows of the class
  double precision = 0;  ///< share of the rows predicted as the class that are of it
  double recall = 0;     ///< share of the rows of the class that are predicted as it
  double f1 = 0;         ///< harmonic mean of precision and recall
};

/// The rows whose highest probability lies in one of kCalibrationBins equal parts of 0 to 1.
struct CalibrationBin {
  int64_t rows = 0;       ///< number of such rows
  double confidence = 0;  ///< mean of those probabilities
  double accuracy = 0;    ///< share of the rows that are right
};

inline constexpr size_t kCalibrationBins = 15;  ///< as in Guo et al. 2017

/// A confidence interval.
struct Interval {
  double low = 0;   ///< fraction of 1
  double high = 0;  ///< fraction of 1
};

/// How well predictions match labels.
struct Metrics {
  int64_t rows = 0;     ///< rows that were scored
  int64_t correct = 0;  ///< rows whose prediction is their label
  double accuracy = 0;  ///< fraction of 1
  Interval interval;    ///< of the accuracy: see wilson_interval
  /// Expected calibration error: mean over the rows of |confidence - accuracy| of their bin (Naeini et al. 2015).
  double calibration_error = 0;
  std::vector<CalibrationBin> calibration;      ///< kCalibrationBins of them, the lowest confidence first
  double loss = 0;                              ///< mean negative log likelihood, in nats
  std::vector<ClassMetrics> classes;            ///< of each class, by its number
  std::vector<std::vector<int64_t>> confusion;  ///< [label][prediction], rows counted
};

/// Wilson's 95% confidence interval (1927) for a proportion, given `correct` of `rows`.
Interval wilson_interval(int64_t correct, int64_t rows);

/// Scores the class of highest probability. `probabilities`: float [N, K] on the CPU; `labels`: int64 [N], each below
/// K; `classes`: what these K are called.
Metrics compute_metrics(const at::Tensor& probabilities, const at::Tensor& labels, const Classes& classes = {});

}  // namespace digitrec
