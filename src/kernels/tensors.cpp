#include "kernels/tensors.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cassert>

namespace digitrec::kernels {
namespace {

bool is_plain_cpu(const torch::Tensor& tensor) {
  return tensor.defined() && tensor.is_cpu() && tensor.layout() == torch::kStrided;
}

Type type_of(const torch::Tensor& images) { return images.scalar_type() == torch::kFloat32 ? Type::f32 : Type::bf16; }

}  // namespace

bool is_images(const torch::Tensor& tensor) {
  return is_plain_cpu(tensor) && tensor.dim() == 4 && tensor.size(1) > 0 && tensor.size(2) > 0 && tensor.size(3) > 0 &&
         (tensor.scalar_type() == torch::kFloat32 || tensor.scalar_type() == torch::kBFloat16);
}

bool is_channels_last(const torch::Tensor& images) {
  return is_images(images) && images.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

bool is_channel_vector(const torch::Tensor& tensor, int64_t size) {
  return is_plain_cpu(tensor) && tensor.dim() == 1 && tensor.size(0) == size &&
         tensor.scalar_type() == torch::kFloat32 && tensor.is_contiguous();
}

bool is_dropout_mask(const torch::Tensor& mask, int64_t images, int64_t channels) {
  return !mask.defined() || (is_plain_cpu(mask) && mask.dim() == 2 && mask.size(0) == images &&
                             mask.size(1) == channels && mask.scalar_type() == torch::kFloat32 && mask.is_contiguous());
}

ImageShape image_shape(const torch::Tensor& images) {
  assert(is_images(images));
  return {.height = images.size(2), .width = images.size(3), .channels = images.size(1)};
}

torch::Tensor empty_channels_last(at::IntArrayRef sizes, const torch::TensorOptions& options) {
  assert(sizes.size() == 4);
  return torch::empty(sizes, options, torch::MemoryFormat::ChannelsLast);
}

torch::Tensor channels_last(const torch::Tensor& tensor) {
  assert(is_images(tensor));
  return tensor.contiguous(torch::MemoryFormat::ChannelsLast);
}

ConstArray const_array(const torch::Tensor& images) {
  assert(is_channels_last(images));
  return {.data = images.const_data_ptr(), .type = type_of(images)};
}

Array array(torch::Tensor& images) {
  assert(is_channels_last(images));
  return {.data = images.mutable_data_ptr(), .type = type_of(images)};
}

const float* floats_or_null(const torch::Tensor& tensor) {
  assert(!tensor.defined() || tensor.is_contiguous());
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

const uint8_t* codes_or_null(const torch::Tensor& codes) {
  assert(!codes.defined() || codes.is_contiguous(torch::MemoryFormat::ChannelsLast));
  return codes.defined() ? codes.const_data_ptr<uint8_t>() : nullptr;
}

void share_images(int64_t images, const std::function<void(int64_t, int64_t)>& work) {
  assert(images >= 0 && work != nullptr);
  constexpr int64_t kShare = 4;
  std::atomic<int64_t> next{0};
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), at::divup(images, kShare));
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    for (int64_t begin = next.fetch_add(kShare); begin < images; begin = next.fetch_add(kShare)) {
      work(begin, std::min(begin + kShare, images));
    }
  });
}

ThreadSums::ThreadSums(int64_t size) : rows_(torch::zeros({at::get_num_threads(), size}, torch::kFloat32)) {
  assert(size > 0);
}

float* ThreadSums::of_this_thread() {
  assert(at::get_thread_num() < rows_.size(0));
  return rows_.data_ptr<float>() + at::get_thread_num() * rows_.size(1);
}

torch::Tensor ThreadSums::total() const { return rows_.sum(0); }

}  // namespace digitrec::kernels
