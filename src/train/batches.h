#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace digitrec {

/// The rows of a data set in a new random order each epoch, cut into batches; the last one may be smaller. If it were a
/// single image, which batch normalisation cannot use, it joins the batch before. The order depends on seed and epoch
/// alone, so a run can resume at any epoch.
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
