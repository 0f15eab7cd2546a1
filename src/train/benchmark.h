#pragma once

#include "digitrec/core/execution.h"
#include "digitrec/data/dataset.h"

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

/// Several measurements of one quantity.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// Of at least one value. The median of an even number of values is the mean of the middle two.
Spread spread_of(std::vector<double> values);

/// One network in one setting.
struct BenchmarkCase {
  std::string model;
  at::Device device = at::kCPU;
  Execution execution;
  int64_t batch_size = 64;
};

/// Speeds of one case.
struct BenchmarkResult {
  Spread train;  ///< images per second: gather, forward, backward and Adam, as `digitrec train` runs them
  Spread infer;  ///< images per second: uint8 images to logits, as `digitrec predict` runs them
};

/// Measures `repeats` passes over `dataset` in training and in inference, after a few batches that are
/// not counted. Throws what build_model throws.
BenchmarkResult benchmark(const BenchmarkCase& what, const Dataset& dataset, int64_t repeats);

}  // namespace digitrec
