#include "kernels/conv_backend.h"

#include "kernels/dispatch.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>

#include <cassert>

namespace digitrec::kernels {
namespace {

bool runs_in_tiles(const ConvSettings& settings, const at::Tensor& x, const at::Tensor& weight) {
  return uses_tiles(best_table(), x, weight.size(0), settings.padding);
}

bool runs_in_onednn(const ConvSettings& settings, const at::Tensor& x, const at::Tensor& weight) {
  return settings.onednn_bf16 && x.scalar_type() == at::kBFloat16 && x.size(1) > 1 &&
         !runs_in_tiles(settings, x, weight);
}

at::Tensor to_bf16(const at::Tensor& weight) {
  return empty_channels_last(weight.sizes(), weight.options().dtype(at::kBFloat16)).copy_(weight);
}

/// bfloat16 means the same wherever it runs: weights that meet it are rounded to it, sums are kept in float32. (AMX
/// tiles round by themselves.)
at::Tensor rounded_as(const ConvSettings& settings, const at::Tensor& x, const at::Tensor& weight) {
  const bool rounds = x.scalar_type() == at::kBFloat16 && !runs_in_tiles(settings, x, weight);
  return rounds ? to_bf16(weight).to(at::kFloat) : weight;
}

/// A kernel as large as the image gives one pixel: the convolution is then a product of matrices.
bool covers_image(const ConvSettings& settings, const at::Tensor& x) {
  return settings.padding == 0 && x.size(2) == 3 && x.size(3) == 3;
}

/// [N, C, H, W] as channels-last [N, H * W * C], and back.
at::Tensor as_matrix(const at::Tensor& images) { return channels_last(images).permute({0, 2, 3, 1}).flatten(1); }
at::Tensor as_images(const at::Tensor& matrix, at::IntArrayRef sizes) {
  assert(matrix.dim() == 2 && sizes.size() == 4);
  return matrix.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

[[maybe_unused]] bool are_operands(const ConvSettings& settings, const at::Tensor& x, const at::Tensor& weight) {
  return is_images(x) && is_images(weight) && weight.scalar_type() == at::kFloat && weight.size(2) == 3 &&
         weight.size(3) == 3 && x.size(1) == weight.size(1) && settings.padding >= 0 && settings.padding <= 2 &&
         x.size(2) + 2 * settings.padding >= 3 && x.size(3) + 2 * settings.padding >= 3;
}

}  // namespace

at::Tensor backend_convolve(const ConvSettings& settings, const at::Tensor& x, const at::Tensor& weight,
                            at::ScalarType type) {
  assert(are_operands(settings, x, weight));
  if (!runs_in_onednn(settings, x, weight)) {
    return convolve(best_table(), x, rounded_as(settings, x, weight), settings.padding, type);
  }
  if (covers_image(settings, x)) {
    return as_images(as_matrix(x).mm(as_matrix(to_bf16(weight)).t()), {x.size(0), weight.size(0), 1, 1});
  }
  return at::conv2d(x, to_bf16(weight), /*bias=*/{}, /*stride=*/1, settings.padding);
}

ConvGradients backend_convolve_backward(const ConvSettings& settings, const at::Tensor& dz, const at::Tensor& x,
                                        const at::Tensor& weight, bool needs_input) {
  assert(are_operands(settings, x, weight));
  assert(is_images(dz) && dz.size(0) == x.size(0) && dz.size(1) == weight.size(0));
  const int64_t padding = settings.padding;
  if (!runs_in_onednn(settings, x, weight)) {
    return convolve_backward(best_table(), dz, x, rounded_as(settings, x, weight), padding, needs_input);
  }
  if (covers_image(settings, x)) {
    const at::Tensor rows = as_matrix(dz);
    ConvGradients gradients;
    if (needs_input) gradients.dx = as_images(rows.mm(as_matrix(to_bf16(weight))), x.sizes());
    gradients.dweight = as_images(rows.t().mm(as_matrix(x)).to(at::kFloat), weight.sizes());
    return gradients;
  }
  const auto [dx, dweight, dbias] =
      at::convolution_backward(dz, x, to_bf16(weight), /*bias_sizes=*/std::nullopt, /*stride=*/{1, 1},
                               {padding, padding}, /*dilation=*/{1, 1}, /*transposed=*/false,
                               /*output_padding=*/{0, 0}, /*groups=*/1, {needs_input, true, false});
  return {.dx = dx, .dweight = dweight.to(at::kFloat)};
}

}  // namespace digitrec::kernels
