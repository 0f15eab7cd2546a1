#include "kernels/linear.h"

#include "kernels/saved_state.h"

#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cassert>
#include <functional>
#include <tuple>

namespace digitrec::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Columns of a share are a multiple of this: a cache line of float32.
constexpr int64_t kColumns = 16;
/// Multiply-adds below which a thread of its own costs more than it saves.
constexpr int64_t kMinWork = 100'000;

/// Calls `work` with the columns of each thread; a column costs `multiply_adds`.
void share_columns(int64_t columns, int64_t multiply_adds, const std::function<void(int64_t, int64_t)>& work) {
  const int64_t blocks = at::divup(columns, kColumns);
  const int64_t min_blocks = at::divup(kMinWork, kColumns * multiply_adds);
  at::parallel_for(0, blocks, min_blocks, [&](int64_t begin, int64_t end) {
    const at::AutoDispatchBelowAutograd below;  // OpenMP's other threads would record these operations
    work(begin * kColumns, std::min(end * kColumns, columns));
  });
}

[[maybe_unused]] bool is_matrix(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.dim() == 2 && tensor.scalar_type() == at::kFloat;
}

struct SavedLinear {
  at::Tensor x, weight;
  bool needs_input = true;

  auto tensors() { return std::tie(x, weight); }
};

/// dW = dy^T x and dx = dy W, both by columns of the input; the sum of dy by columns of the output.
variable_list linear_backward(const SavedLinear& saved, const at::Tensor& dy) {
  const int64_t in = saved.weight.size(1);
  at::Tensor dweight = at::empty(saved.weight.sizes(), saved.weight.options());
  at::Tensor dx = saved.needs_input ? at::empty(saved.x.sizes(), saved.x.options()) : at::Tensor();
  const int64_t products = saved.needs_input ? 2 : 1;
  share_columns(in, products * dy.numel(), [&](int64_t begin, int64_t end) {
    at::Tensor dweight_share = dweight.slice(1, begin, end);
    at::mm_out(dweight_share, dy.t(), saved.x.slice(1, begin, end));
    if (!saved.needs_input) return;
    at::Tensor dx_share = dx.slice(1, begin, end);
    at::mm_out(dx_share, dy, saved.weight.slice(1, begin, end));
  });
  return {dx, dweight, dy.sum(0)};
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
    share_columns(weight.size(0), x.numel(), [&](int64_t begin, int64_t end) {
      at::Tensor share = y.slice(1, begin, end);
      at::addmm_out(share, bias.slice(0, begin, end), x, weight.slice(0, begin, end).t());
    });
    save_state(context, SavedLinear{.x = x, .weight = weight, .needs_input = x.requires_grad()});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return linear_backward(load_state<SavedLinear>(context), gradients[0].contiguous());
  }
};

}  // namespace

at::Tensor train_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  assert(is_matrix(x) && is_matrix(weight) && x.size(1) == weight.size(1));
  assert(bias.dim() == 1 && bias.size(0) == weight.size(0));
  return LinearFunction::apply(x, weight, bias);
}

}  // namespace digitrec::kernels
