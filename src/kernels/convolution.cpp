#include "kernels/convolution.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

namespace digitrec::kernels {
namespace {

ConvShape conv_shape(const torch::Tensor& x, int64_t out, int64_t padding) {
  return {x.size(2), x.size(3), x.size(1), out, padding, const_array(x).type};
}

/// Memory for a kernel, from the start of a cache line: wide loads across two lines take twice as long.
class Floats {
 public:
  float* at_least(int64_t count) {
    lines_.resize(std::max(lines_.size(), static_cast<size_t>(at::divup(count, kLine))));
    return lines_.front().values;
  }

 private:
  static constexpr int64_t kLine = 16;
  struct alignas(kLine * sizeof(float)) Line {
    float values[kLine];
  };
  std::vector<Line> lines_;
};

float* scratch_of_thread(int64_t floats) {
  thread_local Floats scratch;
  return scratch.at_least(floats);
}

/// For the one convolution that the calling thread is about.
float* packed_weights(int64_t floats) {
  thread_local Floats packed;
  return packed.at_least(floats);
}

/// Convolves with packed weights, the images shared out among the threads.
torch::Tensor convolve_packed(const Table& table, const ConvShape& shape, const torch::Tensor& x, const float* packed,
                              at::ScalarType type) {
  torch::Tensor z =
      empty_channels_last({x.size(0), shape.out, shape.out_height(), shape.out_width()}, x.options().dtype(type));
  share_images(x.size(0), [&](int64_t begin, int64_t end) {
    float* scratch = scratch_of_thread(table.scratch_size(shape));
    table.convolve(shape, const_array(x), packed, array(z), begin, end, scratch);
  });
  return z;
}

torch::Tensor weight_gradient(const Table& table, const ConvShape& shape, const torch::Tensor& x,
                              const torch::Tensor& dz, const torch::Tensor& weight) {
  // A sum for each thread, added up at the end: no two threads write to one place, and the order is always the same.
  const int64_t size = table.packed_size(shape);
  torch::Tensor sums = torch::zeros({at::get_num_threads(), size}, torch::kFloat32);
  at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
    float* scratch = scratch_of_thread(table.scratch_size(shape));
    float* sum = sums.data_ptr<float>() + at::get_thread_num() * size;
    table.weight_gradient(shape, const_array(x), const_array(dz), sum, begin, end, scratch);
  });
  const torch::Tensor packed = sums.sum(0);
  torch::Tensor gradient = empty_channels_last(weight.sizes(), weight.options());
  table.unpack_weights(shape, packed.const_data_ptr<float>(), gradient.data_ptr<float>());
  return gradient;
}

}  // namespace

ImageShape image_shape(const torch::Tensor& images) { return {images.size(2), images.size(3), images.size(1)}; }

torch::Tensor empty_channels_last(at::IntArrayRef sizes, const torch::TensorOptions& options) {
  return torch::empty(sizes, options, torch::MemoryFormat::ChannelsLast);
}

torch::Tensor channels_last(const torch::Tensor& tensor) {
  return tensor.contiguous(torch::MemoryFormat::ChannelsLast);
}

ConstArray const_array(const torch::Tensor& tensor) {
  return {tensor.const_data_ptr(), tensor.scalar_type() == torch::kFloat32 ? Type::f32 : Type::bf16};
}

Array array(torch::Tensor& tensor) {
  return {tensor.mutable_data_ptr(), tensor.scalar_type() == torch::kFloat32 ? Type::f32 : Type::bf16};
}

void share_images(int64_t images, const std::function<void(int64_t, int64_t)>& work) {
  constexpr int64_t kShare = 4;
  std::atomic<int64_t> next{0};
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), at::divup(images, kShare));
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    for (int64_t begin = next.fetch_add(kShare); begin < images; begin = next.fetch_add(kShare)) {
      work(begin, std::min(begin + kShare, images));
    }
  });
}

bool uses_tiles(const Table& table, const torch::Tensor& x, int64_t out, int64_t padding) {
  return table.uses_tiles(conv_shape(x, out, padding));
}

bool can_convolve(const Table& table, int64_t in, int64_t out) {
  return out % table.block_channels == 0 && (in == 1 || in % table.block_channels == 0);
}

torch::Tensor convolve(const Table& table, const torch::Tensor& x, const torch::Tensor& weight, int64_t padding,
                       at::ScalarType type) {
  const ConvShape shape = conv_shape(x, weight.size(0), padding);
  const torch::Tensor ordered = channels_last(weight);
  float* packed = packed_weights(table.packed_size(shape));
  table.pack_weights(shape, ordered.const_data_ptr<float>(), packed);
  return convolve_packed(table, shape, channels_last(x), packed, type);
}

std::array<torch::Tensor, 2> convolve_backward(const Table& table, const torch::Tensor& dz, const torch::Tensor& x,
                                               const torch::Tensor& weight, int64_t padding, bool needs_input) {
  const ConvShape shape = conv_shape(x, weight.size(0), padding);
  const torch::Tensor gradient = channels_last(shape.type == Type::bf16 ? dz.to(torch::kBFloat16) : dz);
  torch::Tensor dx;
  if (needs_input) {
    const ConvShape back = conv_shape(gradient, shape.in, 2 - padding);
    const torch::Tensor ordered = channels_last(weight);
    float* packed = packed_weights(table.packed_size(back));
    table.pack_weights_backward(back, ordered.const_data_ptr<float>(), packed);
    dx = convolve_packed(table, back, gradient, packed, x.scalar_type());
  }
  return {dx, weight_gradient(table, shape, channels_last(x), gradient, weight)};
}

}  // namespace digitrec::kernels
