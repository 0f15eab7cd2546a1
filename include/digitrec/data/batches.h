#pragma once

#include "digitrec/data/dataset.h"

#include <cstdint>

namespace digitrec {

/// x = (pixel / 255 - mean) / deviation, the same for every pixel; kept in the checkpoint.
struct Normalization {
  double mean = 0.1307;  ///< of pixels scaled to 0..1; these two are MNIST's training set's
  double deviation = 0.3081;
};

/// Mean and standard deviation over all pixels of the given rows. A constant image set gets deviation 1.
Normalization measure_normalization(const torch::Tensor& images);

/// uint8 [B, S, S] on any device -> float32 [B, 1, S, S] on the same device, normalised, in channels-last memory order.
/// (With one channel the strides of both orders coincide; allocating it as channels-last makes convolutions treat it so.)
torch::Tensor normalize_images(const torch::Tensor& images, const Normalization& normalization);

/// normalize_images(images.index_select(0, rows), normalization) in one pass; rows: int64 [B], on the same device.
torch::Tensor gather_normalized(const torch::Tensor& images, const torch::Tensor& rows, const Normalization& normalization);

/// The rows of a data set in a new random order each epoch, cut into batches; the last one may be smaller. A last
/// batch of a single image, of which batch normalisation could make nothing, joins the one before. The order
/// depends on nothing but seed and epoch, so a run can be taken up again at any epoch.
class BatchSampler {
 public:
  /// `rows`: int64 [N], the rows to draw from.
  BatchSampler(torch::Tensor rows, int64_t batch_size, uint64_t seed);

  int64_t batches_per_epoch() const;
  /// All of the epoch's rows in order, int64 [N].
  torch::Tensor order(int64_t epoch) const;
  /// Where batch number `batch` lies in the epoch's order.
  struct Range {
    int64_t begin;
    int64_t size;
  };
  Range range(int64_t batch) const;

 private:
  torch::Tensor rows_;
  int64_t batch_size_;
  uint64_t seed_;
};

}  // namespace digitrec
