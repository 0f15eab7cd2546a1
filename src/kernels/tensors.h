// Tensors as the kernels see them: images in channels-last memory, vectors of floats; and the work shared by threads.
#pragma once

#include "kernels/isa/table.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace digitrec::kernels {

// ---- what the functions of this folder assert of tensors; all of them lie on the CPU ----

/// float32 or bfloat16 [N, C, H, W]. N may be 0, the others may not.
bool is_images(const at::Tensor& tensor);
/// The same in channels-last memory order, [N, H, W, C] without gaps.
bool is_channels_last(const at::Tensor& tensor);
/// float32 [size], contiguous.
bool is_channel_vector(const at::Tensor& tensor, int64_t size);
/// float32 [images, channels], contiguous, or undefined: no dropout.
bool is_dropout_mask(const at::Tensor& mask, int64_t images, int64_t channels);

// ---- memory ----

/// Images [N, C, H, W] as a kernel sees them: channels innermost.
ImageShape image_shape(const at::Tensor& images);

/// Images in channels-last memory order, copied where they are not. (Those of a single channel keep their strides:
/// their values lie alike in either order.)
at::Tensor channels_last(const at::Tensor& tensor);
at::Tensor empty_channels_last(at::IntArrayRef sizes, const at::TensorOptions& options);

/// The memory of images in channels-last order.
ConstArray const_array(const at::Tensor& images);
Array array(at::Tensor& images);
/// The memory of a contiguous float32 tensor, and of pooling codes, uint8 [N, C, H, W] in channels-last order; nullptr
/// of undefined ones.
const float* floats_or_null(const at::Tensor& tensor);
const uint8_t* codes_or_null(const at::Tensor& codes);

/// Memory for a kernel, from the start of a cache line: wide loads across two lines take twice as long.
class LineAlignedFloats {
 public:
  float* at_least(int64_t count);

 private:
  static constexpr int64_t kLine = 16;
  struct alignas(kLine * sizeof(float)) Line {
    float values[kLine];
  };
  std::vector<Line> lines_;
};

/// The calling thread's, until it asks again.
float* scratch_of_thread(int64_t floats);

// ---- threads ----

/// Calls `work` with a few items at a time (images, say) until all are done, on all threads: each takes the same part
/// every time, which its cache may still hold, and then what one that is held up has left. Not for sums, whose order
/// would differ from run to run. Where `at_a_time` takes all of them, no other thread is woken.
void share(int64_t items, const std::function<void(int64_t begin, int64_t end)>& work, int64_t at_a_time = 4);

/// A sum of `size` floats for each thread, added up at the end: no two threads write to one place, and the order is
/// always the same.
class ThreadSums {
 public:
  explicit ThreadSums(int64_t size);

  float* of_this_thread();   ///< [size], all 0; to be asked for once
  at::Tensor total() const;  ///< float32 [size]

 private:
  at::Tensor rows_;               ///< float32 [threads, size]
  std::vector<uint8_t> is_used_;  ///< by thread; a row that is not was never written
};

}  // namespace digitrec::kernels
