#include "kernels/linear.h"

#include "kernels/tensors.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cassert>

namespace digitrec::kernels {
namespace {

/// What a thread takes of y at a time. Rows: as many as stay in the cache while all outputs go by.
constexpr int64_t kRows = 64;
constexpr int64_t kOuts = 12;
/// Of the weights' gradient at least: copying columns of x pays for itself only by many outputs.
constexpr int64_t kMinOuts = 24;
/// Multiply-adds below which waking a thread costs more than it saves.
constexpr int64_t kMinWork = 100'000;

[[maybe_unused]] bool is_matrix(const at::Tensor& tensor, int64_t columns) {
  return tensor.is_cpu() && tensor.dim() == 2 && tensor.size(1) == columns && tensor.scalar_type() == at::kFloat &&
         tensor.is_contiguous();
}

LinearShape shape_of(const at::Tensor& x, const at::Tensor& weight) {
  return {.rows = x.size(0), .in = x.size(1), .out = weight.size(0)};
}

/// The sum of [rows, columns] over the rows, in their order.
at::Tensor sum_rows(const at::Tensor& matrix) {
  const int64_t columns = matrix.size(1);
  at::Tensor sums = at::zeros({columns}, at::kFloat);
  float* to = sums.data_ptr<float>();
  const float* from = matrix.const_data_ptr<float>();
  for (int64_t row = 0; row < matrix.size(0); ++row, from += columns) {
    for (int64_t i = 0; i < columns; ++i) to[i] += from[i];
  }
  return sums;
}

}  // namespace

at::Tensor linear(const Table& table, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  bool relu) {
  assert(is_matrix(x, weight.size(1)) && is_matrix(weight, x.size(1)) && is_channel_vector(bias, weight.size(0)));
  const LinearShape shape = shape_of(x, weight);
  at::Tensor y = at::empty({shape.rows, shape.out}, x.options());
  const int64_t out_parts = at::divup(shape.out, kOuts);
  const auto multiply_part = [&](int64_t part) {
    const int64_t row = part / out_parts * kRows;
    const int64_t out = part % out_parts * kOuts;
    table.linear(shape, x.const_data_ptr<float>(), weight.const_data_ptr<float>(), bias.const_data_ptr<float>(), relu,
                 y.data_ptr<float>(),
                 {.row_begin = row,
                  .row_end = std::min(row + kRows, shape.rows),
                  .out_begin = out,
                  .out_end = std::min(out + kOuts, shape.out)});
  };
  const int64_t work = std::clamp<int64_t>(shape.rows, 1, kRows) * kOuts * shape.in;
  share(
      at::divup(shape.rows, kRows) * out_parts,
      [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; ++part) multiply_part(part);
      },
      at::divup(kMinWork, work));
  return y;
}

LinearGradients linear_backward(const Table& table, const at::Tensor& dz, const at::Tensor& x, const at::Tensor& weight,
                                bool needs_input) {
  assert(is_matrix(x, weight.size(1)) && is_matrix(weight, x.size(1)) && is_matrix(dz, weight.size(0)));
  assert(dz.size(0) == x.size(0) && x.size(0) > 0);
  const LinearShape shape = shape_of(x, weight);
  const int64_t scratch = table.linear_scratch_size(shape);
  const auto share_out = [&](int64_t size, int64_t part, int64_t work, const auto& multiply) {
    share(
        at::divup(size, part),
        [&](int64_t begin, int64_t end) {
          multiply(begin * part, std::min(end * part, size), scratch_of_thread(scratch));
        },
        at::divup(kMinWork, part * work));
  };
  LinearGradients gradients{.dx = {}, .dweight = at::empty({shape.out, shape.in}, x.options()), .dbias = sum_rows(dz)};
  const int64_t outs = std::max(kMinOuts, at::divup(shape.out, 2 * at::get_num_threads()));
  share_out(shape.out, outs, shape.rows * shape.in, [&](int64_t begin, int64_t end, float* memory) {
    table.linear_weight_gradient(shape, x.const_data_ptr<float>(), dz.const_data_ptr<float>(),
                                 gradients.dweight.data_ptr<float>(), begin, end, memory);
  });
  if (!needs_input) return gradients;
  gradients.dx = at::empty({shape.rows, shape.in}, x.options());
  share_out(shape.in, table.block_channels, dz.numel(), [&](int64_t begin, int64_t end, float* memory) {
    table.linear_input_gradient(shape, weight.const_data_ptr<float>(), dz.const_data_ptr<float>(),
                                gradients.dx.data_ptr<float>(), begin, end, memory);
  });
  return gradients;
}

}  // namespace digitrec::kernels
