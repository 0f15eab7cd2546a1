#include "train/batches.h"

#include "core/random.h"

#include <utility>

namespace digitrec {

BatchSampler::BatchSampler(at::Tensor rows, int64_t batch_size, uint64_t seed)
    : rows_(std::move(rows)), batch_size_(batch_size), seed_(seed) {}

int64_t BatchSampler::batches_per_epoch() const {
  const int64_t full = rows_.numel() / batch_size_;
  const int64_t rest = rows_.numel() % batch_size_;
  const bool joins = rest == 1 && full > 0;
  return full + (rest > 0 && !joins ? 1 : 0);
}

BatchSampler::Range BatchSampler::range(int64_t batch) const {
  const int64_t begin = batch * batch_size_;
  const bool last = batch + 1 == batches_per_epoch();
  return {begin, (last ? rows_.numel() : begin + batch_size_) - begin};
}

at::Tensor BatchSampler::order(int64_t epoch) const {
  at::Tensor rows = rows_.clone();
  Random random(mix_seed(seed_, static_cast<uint64_t>(epoch)));
  struct View {
    int64_t* data;
    size_t count;
    size_t size() const { return count; }
    int64_t& operator[](size_t i) const { return data[i]; }
  } view{rows.data_ptr<int64_t>(), static_cast<size_t>(rows.numel())};
  random.shuffle(view);
  return rows;
}

}  // namespace digitrec
