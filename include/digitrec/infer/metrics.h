#pragma once

#include <torch/types.h>

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

struct Metrics {
  int64_t rows = 0;
  double accuracy = 0;  ///< fraction of 1
  double loss = 0;      ///< mean negative log likelihood, in nats
  std::vector<ClassMetrics> classes;
  std::vector<std::vector<int64_t>> confusion;  ///< [label][prediction], rows counted
};

/// `probabilities`: float [N, K] on the CPU; `labels`: int64 [N], each below K.
Metrics compute_metrics(const torch::Tensor& probabilities, const torch::Tensor& labels);

}  // namespace digitrec
