#include "kernels/adam.h"

#include "kernels/dispatch.h"
#include "kernels/tensors.h"

#include <algorithm>
#include <cassert>

namespace digitrec::kernels {
namespace {

/// Elements that a thread takes at a time: what waits for a thread that is held up is small.
constexpr int64_t kPiece = 4096;

/// The same place of all four.
struct Piece {
  const AdamTensors* tensors;
  int64_t begin;
  int64_t size;
};

std::vector<Piece> pieces_of(const std::vector<AdamTensors>& all) {
  std::vector<Piece> pieces;
  for (const AdamTensors& tensors : all) {
    const int64_t size = tensors.parameter.numel();
    for (int64_t begin = 0; begin < size; begin += kPiece) {
      pieces.push_back({&tensors, begin, std::min(kPiece, size - begin)});
    }
  }
  return pieces;
}

bool is_dense_float(const at::Tensor& tensor, const at::Tensor& as) {
  return tensor.defined() && tensor.is_cpu() && tensor.scalar_type() == at::kFloat &&
         tensor.is_non_overlapping_and_dense() && tensor.sizes() == as.sizes() && tensor.strides() == as.strides();
}

}  // namespace

bool fits_adam(const AdamTensors& tensors) {
  const at::Tensor& as = tensors.parameter;
  return is_dense_float(as, as) && is_dense_float(tensors.gradient, as) && is_dense_float(tensors.first, as) &&
         is_dense_float(tensors.second, as);
}

void adam_step(const AdamStep& step, const std::vector<AdamTensors>& all) {
  assert(std::all_of(all.begin(), all.end(), fits_adam));
  const Table& table = best_table();
  const std::vector<Piece> pieces = pieces_of(all);
  share(static_cast<int64_t>(pieces.size()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto& [tensors, from, size] = pieces[i];
      table.adam(step, tensors->parameter.data_ptr<float>() + from, tensors->gradient.const_data_ptr<float>() + from,
                 tensors->first.data_ptr<float>() + from, tensors->second.data_ptr<float>() + from, size);
    }
  });
}

}  // namespace digitrec::kernels
