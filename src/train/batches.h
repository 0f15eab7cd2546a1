#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace digitrec {

/// The rows of a data set in a new random order each epoch, cut into batches; the last one may be smaller. A last
/// batch of a single image, of which batch normalisation could make nothing, joins the one before. The order
/// depends on nothing but seed and epoch, so a run can be taken up again at any epoch.
class BatchSampler {
 public:
  /// `rows`: int64 [N], the rows to draw from.
  BatchSampler(at::Tensor rows, int64_t batch_size, uint64_t seed);

  int64_t batches_per_epoch() const;
  /// All of the epoch's rows in order, int64 [N].
  at::Tensor order(int64_t epoch) const;
  /// Where batch number `batch` lies in the epoch's order.
  struct Range {
    int64_t begin;
    int64_t size;
  };
  Range range(int64_t batch) const;

 private:
  at::Tensor rows_;
  int64_t batch_size_;
  uint64_t seed_;
};

}  // namespace digitrec
