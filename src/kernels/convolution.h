#pragma once

#include "kernels/dispatch.h"

#include <torch/types.h>

#include <array>
#include <functional>

namespace digitrec::kernels {

/// Images [N, C, H, W] as a kernel sees them: channels innermost.
ImageShape image_shape(const torch::Tensor& images);

/// `tensor` in channels-last memory order, copied where it is not. (One of a single channel keeps its strides: its
/// values lie alike in either order.)
torch::Tensor channels_last(const torch::Tensor& tensor);
torch::Tensor empty_channels_last(at::IntArrayRef sizes, const torch::TensorOptions& options);

ConstArray const_array(const torch::Tensor& tensor);
Array array(torch::Tensor& tensor);

/// Calls `work` with a few images at a time until all are done, on all threads: one that is held up takes fewer. Not
/// for sums, whose order would differ from run to run.
void share_images(int64_t images, const std::function<void(int64_t begin, int64_t end)>& work);

/// Whether our convolution takes these channels; one that gives gradients to its input needs tiles there too.
bool can_convolve(const Table& table, int64_t in, int64_t out);

/// Whether `convolve` multiplies bfloat16 with instructions of the processor's own.
bool uses_tiles(const Table& table, const torch::Tensor& x, int64_t out, int64_t padding);

/// z[N, out, H', W'] = 3 x 3 convolution of x[N, in, H, W] with weight float32 [out, in, 3, 3], without bias. x is
/// float32 or bfloat16, and so is z, as `type` says; all arithmetic is in float32. (Where tiles multiply bfloat16, the
/// weights are rounded to it first.)
torch::Tensor convolve(const Table& table, const torch::Tensor& x, const torch::Tensor& weight, int64_t padding,
                       at::ScalarType type);

/// Gradients of x (undefined unless `needs_input`) and of weight, the latter in float32.
std::array<torch::Tensor, 2> convolve_backward(const Table& table, const torch::Tensor& dz, const torch::Tensor& x,
                                               const torch::Tensor& weight, int64_t padding, bool needs_input);

}  // namespace digitrec::kernels
