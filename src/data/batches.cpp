#include "digitrec/data/batches.h"

#include "digitrec/core/random.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <array>
#include <cmath>

namespace digitrec {

Normalization measure_normalization(const torch::Tensor& images) {
  // An exact count of the 256 values: no rounding, no float copy of the data set.
  const torch::Tensor bytes = images.contiguous();
  std::array<int64_t, 256> count{};
  const uint8_t* pixel = bytes.const_data_ptr<uint8_t>();
  for (int64_t i = 0; i < bytes.numel(); ++i) ++count[pixel[i]];
  double sum = 0;
  double sum_of_squares = 0;
  for (size_t value = 0; value < count.size(); ++value) {
    const double x = static_cast<double>(value) / 255.0;
    sum += x * static_cast<double>(count[value]);
    sum_of_squares += x * x * static_cast<double>(count[value]);
  }
  const auto total = static_cast<double>(bytes.numel());
  const double mean = sum / total;
  const double variance = sum_of_squares / total - mean * mean;
  return {mean, variance > 1e-12 ? std::sqrt(variance) : 1.0};
}

torch::Tensor normalize_images(const torch::Tensor& images, const Normalization& normalization) {
  const torch::Tensor batch = images.unsqueeze(1);
  torch::Tensor x = torch::empty(batch.sizes(), batch.options().dtype(torch::kFloat32), torch::MemoryFormat::ChannelsLast);
  x.copy_(batch);
  return x.mul_(1.0 / (255.0 * normalization.deviation)).sub_(normalization.mean / normalization.deviation);
}

torch::Tensor gather_normalized(const torch::Tensor& images, const torch::Tensor& rows, const Normalization& normalization) {
  if (!images.is_cpu()) return normalize_images(images.index_select(0, rows), normalization);
  const int64_t pixels = images.size(1) * images.size(2);
  torch::Tensor x = torch::empty({rows.numel(), 1, images.size(1), images.size(2)}, torch::kFloat32,
                                 torch::MemoryFormat::ChannelsLast);
  const auto scale = static_cast<float>(1.0 / (255.0 * normalization.deviation));
  const auto shift = static_cast<float>(normalization.mean / normalization.deviation);
  const torch::Tensor source = images.contiguous();
  const uint8_t* from = source.const_data_ptr<uint8_t>();
  const int64_t* row = rows.const_data_ptr<int64_t>();
  float* to = x.data_ptr<float>();
  at::parallel_for(0, rows.numel(), 256, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint8_t* pixel = from + row[i] * pixels;
      for (int64_t p = 0; p < pixels; ++p) to[i * pixels + p] = static_cast<float>(pixel[p]) * scale - shift;
    }
  });
  return x;
}

BatchSampler::BatchSampler(torch::Tensor rows, int64_t batch_size, uint64_t seed)
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

torch::Tensor BatchSampler::order(int64_t epoch) const {
  torch::Tensor rows = rows_.clone();
  Random random(mix_seed(seed_, static_cast<uint64_t>(epoch)));
  struct View {
    int64_t* data;
    size_t count;
    size_t size() const { return count; }
    int64_t& operator[](size_t i) { return data[i]; }
  } view{rows.data_ptr<int64_t>(), static_cast<size_t>(rows.numel())};
  random.shuffle(view);
  return rows;
}

}  // namespace digitrec
