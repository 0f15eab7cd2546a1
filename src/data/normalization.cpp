#include "digitrec/data/normalization.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <array>
#include <cmath>

namespace digitrec {

Normalization measure_normalization(const at::Tensor& images) {
  // An exact count of the 256 values: no rounding, no float copy of the data set.
  const at::Tensor bytes = images.contiguous();
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

at::Tensor normalize_images(const at::Tensor& images, const Normalization& normalization) {
  const at::Tensor batch = images.unsqueeze(1);
  at::Tensor x = at::empty(batch.sizes(), batch.options().dtype(at::kFloat), at::MemoryFormat::ChannelsLast);
  x.copy_(batch);
  return x.mul_(1.0 / (255.0 * normalization.deviation)).sub_(normalization.mean / normalization.deviation);
}

at::Tensor gather_normalized(const at::Tensor& images, const at::Tensor& rows, const Normalization& normalization) {
  if (!images.is_cpu()) return normalize_images(images.index_select(0, rows), normalization);
  const int64_t pixels = images.size(1) * images.size(2);
  at::Tensor x =
      at::empty({rows.numel(), 1, images.size(1), images.size(2)}, at::kFloat, at::MemoryFormat::ChannelsLast);
  const auto scale = static_cast<float>(1.0 / (255.0 * normalization.deviation));
  const auto shift = static_cast<float>(normalization.mean / normalization.deviation);
  const at::Tensor source = images.contiguous();
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

}  // namespace digitrec
