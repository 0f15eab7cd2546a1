#include "kernels/blocks.h"

#include "kernels/epilogue.h"

#include <torch/csrc/autograd/custom_function.h>

namespace digitrec::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool in_tiles(const ConvBlock& block, const torch::Tensor& x, const torch::Tensor& weight) {
  return uses_tiles(best_table(), x, weight.size(0), block.padding);
}

bool uses_onednn(const ConvBlock& block, const torch::Tensor& x, const torch::Tensor& weight) {
  return block.onednn_bf16 && x.scalar_type() == torch::kBFloat16 && x.size(1) > 1 && !in_tiles(block, x, weight);
}

torch::Tensor to_bf16(const torch::Tensor& weight) {
  return empty_channels_last(weight.sizes(), weight.options().dtype(torch::kBFloat16)).copy_(weight);
}

/// bfloat16 means the same wherever it runs: weights that meet it are rounded to it, sums are kept in float32. (Tiles
/// round by themselves.)
torch::Tensor rounded_as(const ConvBlock& block, const torch::Tensor& x, const torch::Tensor& weight) {
  const bool rounds = x.scalar_type() == torch::kBFloat16 && !in_tiles(block, x, weight);
  return rounds ? to_bf16(weight).to(torch::kFloat32) : weight;
}

/// A kernel as large as the image gives one pixel: the convolution is then a product of matrices.
bool covers_image(const ConvBlock& block, const torch::Tensor& x) {
  return block.padding == 0 && x.size(2) == 3 && x.size(3) == 3;
}

/// Channels-last [N, C, H, W] as [N, H * W * C].
torch::Tensor as_matrix(const torch::Tensor& images) { return channels_last(images).permute({0, 2, 3, 1}).flatten(1); }
torch::Tensor as_images(const torch::Tensor& matrix, at::IntArrayRef sizes) {
  return matrix.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

/// `weight` is the block's, as the autograd graph knows it.
torch::Tensor convolution(const ConvBlock& block, const torch::Tensor& x, const torch::Tensor& weight,
                          at::ScalarType type) {
  if (!uses_onednn(block, x, weight)) {
    return convolve(best_table(), x, rounded_as(block, x, weight), block.padding, type);
  }
  if (covers_image(block, x)) {
    return as_images(as_matrix(x).mm(as_matrix(to_bf16(weight)).t()), {x.size(0), weight.size(0), 1, 1});
  }
  return at::conv2d(x, to_bf16(weight), {}, 1, block.padding);
}

std::array<torch::Tensor, 2> convolution_backward(const ConvBlock& block, const torch::Tensor& dz,
                                                  const torch::Tensor& x, const torch::Tensor& weight,
                                                  bool needs_input) {
  const int64_t padding = block.padding;
  if (!uses_onednn(block, x, weight)) {
    return convolve_backward(best_table(), dz, x, rounded_as(block, x, weight), padding, needs_input);
  }
  if (covers_image(block, x)) {
    const torch::Tensor rows = as_matrix(dz);
    torch::Tensor dx;
    if (needs_input) dx = as_images(rows.mm(as_matrix(to_bf16(weight))), x.sizes());
    return {dx, as_images(rows.t().mm(as_matrix(x)).to(torch::kFloat32), weight.sizes())};
  }
  const auto [dx, dweight, dbias] =
      at::convolution_backward(dz, x, to_bf16(weight), std::nullopt, {1, 1}, {padding, padding}, {1, 1},
                               /*transposed=*/false, {0, 0}, /*groups=*/1, {needs_input, true, false});
  return {dx, dweight.to(torch::kFloat32)};
}

struct ScaleShift {
  torch::Tensor scale;
  torch::Tensor shift;
};

/// Convolution's bias and batch normalisation with fixed statistics as one scale and one shift.
ScaleShift fold(const BatchNorm& norm, const torch::Tensor& conv_bias) {
  const torch::Tensor scale = norm.weight * (norm.running_var + norm.epsilon).rsqrt_();
  torch::Tensor shift = norm.bias - norm.running_mean * scale;
  if (conv_bias.defined()) shift += conv_bias * scale;
  return {scale, shift};
}

void move_running_statistics(const BatchNorm& norm, const Moments& batch, const torch::Tensor& conv_bias,
                             int64_t count) {
  const torch::Tensor mean = conv_bias.defined() ? batch.mean + conv_bias.detach() : batch.mean;
  norm.running_mean.lerp_(mean, norm.momentum);
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  norm.running_var.lerp_(batch.variance * unbiased, norm.momentum);
}

/// The normalisation of z with its own statistics, and what its backward pass will need.
struct Normalized {
  EpilogueResult result;
  NormSaved saved;
};

Normalized normalize_batch(const torch::Tensor& z, const torch::Tensor& conv_bias, const BatchNorm& norm,
                           const torch::Tensor& mask, bool pool) {
  const Moments batch = moments(best_table(), z);
  move_running_statistics(norm, batch, conv_bias, z.numel() / z.size(1));
  const torch::Tensor inverse_deviation = (batch.variance + norm.epsilon).rsqrt_();
  const torch::Tensor scale = norm.weight * inverse_deviation;
  const torch::Tensor shift = norm.bias - batch.mean * scale;
  EpilogueResult result = epilogue(best_table(), z, {scale, shift, mask, true, pool}, true);
  return {result, {z, result.codes, mask, batch.mean, inverse_deviation, scale, shift}};
}

variable_list to_list(const NormSaved& s) {
  return {s.z, s.codes, s.mask, s.mean, s.inverse_deviation, s.scale, s.shift};
}
NormSaved from_list(const variable_list& list, size_t first) {
  return {list[first],     list[first + 1], list[first + 2], list[first + 3],
          list[first + 4], list[first + 5], list[first + 6]};
}

/// 2 x 2 maxima alone.
EpilogueResult max_pool(const torch::Tensor& z, bool needs_codes) {
  const torch::Tensor zero = torch::zeros({z.size(1)}, torch::kFloat32);
  return epilogue(best_table(), z, {{}, zero, {}, false, true}, needs_codes);
}

/// Arguments that are no inputs of the autograd graph. The mask is among them: an undefined input is an error.
struct ConvCall {
  ConvBlock block;
  torch::Tensor mask;
  at::ScalarType type;
};

/// What the backward pass needs to know of the block besides its tensors.
ConvBlock block_of(AutogradContext* context) {
  ConvBlock block;
  block.padding = context->saved_data["padding"].toInt();
  block.onednn_bf16 = context->saved_data["onednn_bf16"].toBool();
  return block;
}

/// convolution, bias, ReLU, pooling
struct ConvReluFunction : torch::autograd::Function<ConvReluFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, const ConvCall& call) {
    const auto& [block, mask, type] = call;
    const torch::Tensor z = convolution(block, x, weight, type);
    const EpilogueResult result = epilogue(best_table(), z, {{}, bias, {}, true, block.pool != Pool::none}, true);
    context->saved_data["padding"] = block.padding;
    context->saved_data["onednn_bf16"] = block.onednn_bf16;
    context->saved_data["z_sizes"] = z.sizes();
    context->saved_data["needs_input"] = x.requires_grad();
    context->save_for_backward({x, weight, result.codes.defined() ? torch::Tensor() : result.y, result.codes, mask});
    return mask.defined() ? result.y * mask.to(type).unsqueeze(-1).unsqueeze(-1) : result.y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor& mask = saved[4];
    const torch::Tensor dy =
        mask.defined() ? gradients[0] * mask.to(gradients[0].scalar_type()).unsqueeze(-1).unsqueeze(-1) : gradients[0];
    const auto [dz, dbias] =
        epilogue_backward(best_table(), dy, saved[2], saved[3], context->saved_data["z_sizes"].toIntVector());
    const auto [dx, dweight] =
        convolution_backward(block_of(context), dz, saved[0], saved[1], context->saved_data["needs_input"].toBool());
    return {dx, dweight, dbias, {}};
  }
};

/// convolution, [pooling,] batch normalisation, ReLU, [pooling,] channel dropout
struct ConvNormReluFunction : torch::autograd::Function<ConvNormReluFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& norm_weight,
                               const torch::Tensor& norm_bias, const ConvCall& call) {
    const auto& [block, mask, type] = call;
    BatchNorm norm = *block.norm;
    norm.weight = norm_weight;
    norm.bias = norm_bias;
    torch::Tensor z = convolution(block, x, weight, type);
    context->saved_data["padding"] = block.padding;
    context->saved_data["onednn_bf16"] = block.onednn_bf16;
    context->saved_data["z_sizes"] = z.sizes();
    context->saved_data["needs_input"] = x.requires_grad();
    torch::Tensor codes;
    if (block.pool == Pool::before_norm) {
      const EpilogueResult pooled = max_pool(z, true);
      z = pooled.y;
      codes = pooled.codes;
    }
    const Normalized normalized = normalize_batch(z, bias, norm, mask, block.pool == Pool::last);
    variable_list saved{x, weight, bias, codes};
    for (const torch::Tensor& tensor : to_list(normalized.saved)) saved.push_back(tensor);
    context->save_for_backward(saved);
    return normalized.result.y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    auto [dz, dnorm_weight, dnorm_bias] = norm_backward(best_table(), gradients[0], from_list(saved, 4));
    if (saved[3].defined()) {
      dz = epilogue_backward(best_table(), dz, {}, saved[3], context->saved_data["z_sizes"].toIntVector())[0];
    }
    const auto [dx, dweight] =
        convolution_backward(block_of(context), dz, saved[0], saved[1], context->saved_data["needs_input"].toBool());
    // Batch normalisation takes the mean away, and the bias with it: its gradient is 0, where PyTorch's is rounding
    // error.
    return {dx, dweight, torch::zeros_like(saved[2]), dnorm_weight, dnorm_bias, {}};
  }
};

/// [N, features] as the one image [1, features, N, 1], whose channels are the features.
torch::Tensor as_image(const torch::Tensor& z) {
  return z.contiguous().unsqueeze(0).unsqueeze(2).permute({0, 3, 1, 2});
}
torch::Tensor as_rows(const torch::Tensor& image) { return image.squeeze(0).squeeze(-1).t(); }

struct NormReluFunction : torch::autograd::Function<NormReluFunction> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& z, const torch::Tensor& norm_weight,
                               const torch::Tensor& norm_bias, const BatchNorm& tensors) {
    BatchNorm norm = tensors;
    norm.weight = norm_weight;
    norm.bias = norm_bias;
    const Normalized normalized = normalize_batch(as_image(z), {}, norm, {}, false);
    context->save_for_backward(to_list(normalized.saved));
    return as_rows(normalized.result.y);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto [dz, dweight, dbias] =
        norm_backward(best_table(), as_image(gradients[0]), from_list(context->get_saved_variables(), 0));
    return {as_rows(dz), dweight, dbias, {}};
  }
};

}  // namespace

bool fits_kernels(int64_t in, int64_t out) { return can_convolve(best_table(), in, out); }

bool fits_kernels(int64_t features) { return features % best_table().lanes == 0; }

torch::Tensor train_conv_block(const torch::Tensor& x, const ConvBlock& block, const torch::Tensor& mask,
                               at::ScalarType type) {
  if (block.norm == nullptr) return ConvReluFunction::apply(x, block.weight, block.bias, ConvCall{block, mask, type});
  return ConvNormReluFunction::apply(x, block.weight, block.bias, block.norm->weight, block.norm->bias,
                                     ConvCall{block, mask, type});
}

torch::Tensor eval_conv_block(const torch::Tensor& x, const ConvBlock& block, at::ScalarType type) {
  torch::Tensor z = convolution(block, x, block.weight, type);
  EpilogueOptions options{{}, block.bias, {}, true, block.pool == Pool::last};
  if (block.norm != nullptr) {
    const ScaleShift folded = fold(*block.norm, block.bias);
    options.scale = folded.scale;
    options.shift = folded.shift;
  }
  if (block.pool == Pool::before_norm) z = max_pool(z, false).y;
  return epilogue(best_table(), z, options, false).y;
}

torch::Tensor train_norm_relu(const torch::Tensor& z, const BatchNorm& norm) {
  return NormReluFunction::apply(z, norm.weight, norm.bias, norm);
}

torch::Tensor eval_norm_relu(const torch::Tensor& z, const BatchNorm& norm) {
  const ScaleShift folded = fold(norm, {});
  return as_rows(epilogue(best_table(), as_image(z), {folded.scale, folded.shift, {}, true, false}, false).y);
}

}  // namespace digitrec::kernels
