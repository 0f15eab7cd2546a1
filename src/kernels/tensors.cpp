#include "kernels/tensors.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <atomic>
#include <cassert>

namespace digitrec::kernels {
namespace {

bool is_plain_cpu(const at::Tensor& tensor) {
  return tensor.defined() && tensor.is_cpu() && tensor.layout() == at::kStrided;
}

/// What is left of a thread's own part of the work, a cache line of its own.
struct alignas(64) Portions {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

Type type_of(const at::Tensor& images) { return images.scalar_type() == at::kFloat ? Type::f32 : Type::bf16; }

}  // namespace

bool is_images(const at::Tensor& tensor) {
  return is_plain_cpu(tensor) && tensor.dim() == 4 && tensor.size(1) > 0 && tensor.size(2) > 0 && tensor.size(3) > 0 &&
         (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

bool is_channels_last(const at::Tensor& tensor) {
  return is_images(tensor) && tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool is_channel_vector(const at::Tensor& tensor, int64_t size) {
  return is_plain_cpu(tensor) && tensor.dim() == 1 && tensor.size(0) == size && tensor.scalar_type() == at::kFloat &&
         tensor.is_contiguous();
}

bool is_dropout_mask(const at::Tensor& mask, int64_t images, int64_t channels) {
  return !mask.defined() || (is_plain_cpu(mask) && mask.dim() == 2 && mask.size(0) == images &&
                             mask.size(1) == channels && mask.scalar_type() == at::kFloat && mask.is_contiguous());
}

ImageShape image_shape(const at::Tensor& images) {
  assert(is_images(images));
  return {.height = images.size(2), .width = images.size(3), .channels = images.size(1)};
}

at::Tensor empty_channels_last(at::IntArrayRef sizes, const at::TensorOptions& options) {
  assert(sizes.size() == 4);
  return at::empty(sizes, options, at::MemoryFormat::ChannelsLast);
}

at::Tensor channels_last(const at::Tensor& tensor) {
  assert(is_images(tensor));
  return tensor.contiguous(at::MemoryFormat::ChannelsLast);
}

ConstArray const_array(const at::Tensor& images) {
  assert(is_channels_last(images));
  return {.data = images.const_data_ptr(), .type = type_of(images)};
}

Array array(at::Tensor& images) {
  assert(is_channels_last(images));
  return {.data = images.mutable_data_ptr(), .type = type_of(images)};
}

const float* floats_or_null(const at::Tensor& tensor) {
  assert(!tensor.defined() || tensor.is_contiguous());
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

const uint8_t* codes_or_null(const at::Tensor& codes) {
  assert(!codes.defined() || codes.is_contiguous(at::MemoryFormat::ChannelsLast));
  return codes.defined() ? codes.const_data_ptr<uint8_t>() : nullptr;
}

float* LineAlignedFloats::at_least(int64_t count) {
  assert(count > 0);
  lines_.resize(std::max(lines_.size(), static_cast<size_t>(at::divup(count, kLine))));
  return lines_.front().values;
}

float* scratch_of_thread(int64_t floats) {
  thread_local LineAlignedFloats scratch;
  return scratch.at_least(floats);
}

void share(int64_t items, const std::function<void(int64_t, int64_t)>& work, int64_t at_a_time) {
  assert(items >= 0 && work != nullptr && at_a_time > 0);
  const int64_t portions = at::divup(items, at_a_time);
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), portions);
  std::vector<Portions> of_thread(threads);
  for (int64_t t = 0; t < threads; ++t) {
    of_thread[t].next = t * portions / threads;
    of_thread[t].end = (t + 1) * portions / threads;
  }
  at::parallel_for(0, threads, 1, [&](int64_t first, int64_t) {
    for (int64_t t = 0; t < threads; ++t) {
      Portions& from = of_thread[(first + t) % threads];
      for (int64_t i = from.next.fetch_add(1); i < from.end; i = from.next.fetch_add(1)) {
        work(i * at_a_time, std::min((i + 1) * at_a_time, items));
      }
    }
  });
}

ThreadSums::ThreadSums(int64_t size)
    : rows_(at::empty({at::get_num_threads(), size}, at::kFloat)), is_used_(rows_.size(0)) {
  assert(size > 0);
}

float* ThreadSums::of_this_thread() {
  const int64_t thread = at::get_thread_num();
  assert(thread < rows_.size(0) && is_used_[thread] == 0);
  is_used_[thread] = 1;
  float* row = rows_.data_ptr<float>() + thread * rows_.size(1);
  std::fill_n(row, rows_.size(1), 0.0F);
  return row;
}

at::Tensor ThreadSums::total() const {
  at::Tensor total;
  for (int64_t thread = 0; thread < rows_.size(0); ++thread) {
    if (is_used_[thread] == 0) continue;
    if (total.defined()) {
      total.add_(rows_[thread]);
    } else {
      total = rows_[thread];
    }
  }
  return total.defined() ? total : at::zeros({rows_.size(1)}, at::kFloat);
}

}  // namespace digitrec::kernels
