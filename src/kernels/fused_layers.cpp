#include "kernels/fused_layers.h"

#include "kernels/dispatch.h"
#include "kernels/epilogue.h"
#include "kernels/linear.h"
#include "kernels/saved_state.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cassert>

namespace digitrec::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

[[maybe_unused]] bool is_fused_conv(const FusedConv& conv) {
  return is_images(conv.weight) && conv.weight.size(2) == 3 && conv.weight.size(3) == 3 &&
         fits_kernels(conv.weight.size(1), conv.weight.size(0)) && is_channel_vector(conv.bias, conv.weight.size(0)) &&
         (conv.norm == nullptr ? conv.pool != Pool::before_norm : is_norm_of(*conv.norm, conv.weight.size(0)));
}

/// float32 or bfloat16 [N, features] on the CPU, of features that the kernels take.
[[maybe_unused]] bool are_features(const at::Tensor& z, const BatchNorm& norm) {
  return z.defined() && z.is_cpu() && z.dim() == 2 && fits_kernels(z.size(1)) && is_norm_of(norm, z.size(1)) &&
         (z.scalar_type() == at::kFloat || z.scalar_type() == at::kBFloat16);
}

/// The normalisation of z with its own statistics, and what its backward pass needs.
struct Normalized {
  at::Tensor y;
  SavedNorm saved;
};

Normalized normalize_batch(const at::Tensor& z, const at::Tensor& conv_bias, const BatchNorm& norm,
                           const at::Tensor& dropout_mask, bool pool) {
  const Moments batch = moments(best_table(), z);
  move_running_statistics(norm, batch, conv_bias, z.numel() / z.size(1));
  const at::Tensor inverse_deviation = (batch.variance + norm.epsilon).rsqrt_();
  const at::Tensor scale = norm.weight * inverse_deviation;
  const at::Tensor shift = norm.bias - batch.mean * scale;
  const EpilogueResult result = epilogue(
      best_table(), z, {.scale = scale, .shift = shift, .dropout_mask = dropout_mask, .relu = true, .pool = pool},
      /*needs_codes=*/true);
  return {.y = result.y,
          .saved = {.z = z,
                    .codes = result.codes,
                    .dropout_mask = dropout_mask,
                    .mean = batch.mean,
                    .inverse_deviation = inverse_deviation,
                    .scale = scale,
                    .shift = shift}};
}

/// 2 x 2 maxima alone.
EpilogueResult max_pool(const at::Tensor& z, bool needs_codes) {
  const at::Tensor zero = at::zeros({z.size(1)}, at::kFloat);
  return epilogue(best_table(), z, {.scale = {}, .shift = zero, .dropout_mask = {}, .relu = false, .pool = true},
                  needs_codes);
}

/// Channels dropped from images of either type.
at::Tensor drop_channels(const at::Tensor& images, const at::Tensor& dropout_mask) {
  assert(is_images(images) && is_dropout_mask(dropout_mask, images.size(0), images.size(1)));
  if (!dropout_mask.defined()) return images;
  return images * dropout_mask.to(images.scalar_type()).unsqueeze(-1).unsqueeze(-1);
}

/// Arguments that are not inputs of the autograd graph, the mask among them: an undefined input would be an error.
struct ConvCall {
  FusedConv conv;
  at::Tensor dropout_mask;
  at::ScalarType type;
};

/// What the backward pass of a convolution needs.
struct SavedConv {
  at::Tensor x;
  at::Tensor weight;
  std::vector<int64_t> z_sizes;  ///< [N, out, H', W']
  ConvSettings settings;
  bool needs_input = false;

  auto tensors() { return std::tie(x, weight); }
};

/// `x` and `weight` as the autograd graph knows them.
SavedConv saved_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& z, const ConvSettings& settings) {
  return {.x = x, .weight = weight, .z_sizes = z.sizes().vec(), .settings = settings, .needs_input = x.requires_grad()};
}

ConvGradients backward(const SavedConv& saved, const at::Tensor& dz) {
  return backend_convolve_backward(saved.settings, dz, saved.x, saved.weight, saved.needs_input);
}

/// convolution, bias, ReLU, pooling, channel dropout
struct ConvReluFunction : torch::autograd::Function<ConvReluFunction> {
  struct Saved {
    SavedConv conv;
    at::Tensor y;      ///< before dropout; undefined with pooling
    at::Tensor codes;  ///< undefined without pooling
    at::Tensor dropout_mask;

    auto tensors() { return std::tuple_cat(conv.tensors(), std::tie(y, codes, dropout_mask)); }
  };

  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const ConvCall& call) {
    const FusedConv& conv = call.conv;
    const at::Tensor z = backend_convolve(conv.settings, x, weight, call.type);
    const EpilogueResult result =
        epilogue(best_table(), z,
                 {.scale = {}, .shift = bias, .dropout_mask = {}, .relu = true, .pool = conv.pool != Pool::none},
                 /*needs_codes=*/true);
    save_state(context, Saved{.conv = saved_conv(x, weight, z, conv.settings),
                              .y = result.codes.defined() ? at::Tensor() : result.y,
                              .codes = result.codes,
                              .dropout_mask = call.dropout_mask});
    return drop_channels(result.y, call.dropout_mask);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = load_state<Saved>(context);
    const at::Tensor dy = drop_channels(gradients[0], saved.dropout_mask);
    const auto [dz, dbias] = epilogue_backward(best_table(), dy, saved.y, saved.codes, saved.conv.z_sizes);
    const auto [dx, dweight] = kernels::backward(saved.conv, dz);
    return {dx, dweight, dbias, {}};
  }
};

/// convolution, [pooling,] batch normalisation, ReLU, [pooling,] channel dropout
struct ConvNormReluFunction : torch::autograd::Function<ConvNormReluFunction> {
  struct Saved {
    SavedConv conv;
    at::Tensor bias;
    at::Tensor codes;  ///< of pooling before the normalisation; undefined without
    SavedNorm norm;

    auto tensors() { return std::tuple_cat(conv.tensors(), std::tie(bias, codes), norm.tensors()); }
  };

  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& norm_weight, const at::Tensor& norm_bias,
                            const ConvCall& call) {
    const FusedConv& conv = call.conv;
    BatchNorm norm = *conv.norm;
    norm.weight = norm_weight;
    norm.bias = norm_bias;
    at::Tensor z = backend_convolve(conv.settings, x, weight, call.type);
    SavedConv saved = saved_conv(x, weight, z, conv.settings);
    at::Tensor codes;
    if (conv.pool == Pool::before_norm) {
      const EpilogueResult pooled = max_pool(z, /*needs_codes=*/true);
      z = pooled.y;
      codes = pooled.codes;
    }
    Normalized normalized = normalize_batch(z, bias, norm, call.dropout_mask, conv.pool == Pool::last);
    save_state(context,
               Saved{.conv = std::move(saved), .bias = bias, .codes = codes, .norm = std::move(normalized.saved)});
    return normalized.y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = load_state<Saved>(context);
    auto [dz, dnorm_weight, dnorm_bias] = norm_backward(best_table(), gradients[0], saved.norm);
    if (saved.codes.defined()) {
      dz = epilogue_backward(best_table(), dz, /*y=*/{}, saved.codes, saved.conv.z_sizes).dz;
    }
    const auto [dx, dweight] = kernels::backward(saved.conv, dz);
    // Batch normalisation takes the mean away, and the bias with it: its gradient is 0, where PyTorch's is rounding
    // error.
    return {dx, dweight, at::zeros_like(saved.bias), dnorm_weight, dnorm_bias, {}};
  }
};

/// [N, features] as the one image [1, features, 1, N], whose channels are the features, and back.
at::Tensor as_image(const at::Tensor& z) {
  assert(z.dim() == 2);
  return z.contiguous().unsqueeze(0).unsqueeze(2).permute({0, 3, 1, 2});
}
at::Tensor as_rows(const at::Tensor& image) { return image.squeeze(0).squeeze(-1).t(); }

struct NormReluFunction : torch::autograd::Function<NormReluFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& z, const at::Tensor& norm_weight,
                            const at::Tensor& norm_bias, const BatchNorm& tensors) {
    BatchNorm norm = tensors;
    norm.weight = norm_weight;
    norm.bias = norm_bias;
    Normalized normalized = normalize_batch(as_image(z), /*conv_bias=*/{}, norm, /*dropout_mask=*/{}, /*pool=*/false);
    save_state(context, std::move(normalized.saved));
    return as_rows(normalized.y);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto [dz, dweight, dbias] =
        norm_backward(best_table(), as_image(gradients[0]), load_state<SavedNorm>(context));
    return {as_rows(dz), dweight, dbias, {}};
  }
};

/// product, bias, ReLU
struct LinearFunction : torch::autograd::Function<LinearFunction> {
  struct Saved {
    at::Tensor x, weight;
    at::Tensor y;  ///< undefined without ReLU
    bool needs_input = false;

    auto tensors() { return std::tie(x, weight, y); }
  };

  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, bool relu) {
    const at::Tensor y = linear(best_table(), x, weight, bias, relu);
    save_state(context,
               Saved{.x = x, .weight = weight, .y = relu ? y : at::Tensor(), .needs_input = x.requires_grad()});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = load_state<Saved>(context);
    const at::Tensor dy = gradients[0].contiguous();
    const at::Tensor dz = saved.y.defined() ? at::threshold_backward(dy, saved.y, 0) : dy;
    auto [dx, dweight, dbias] = linear_backward(best_table(), dz, saved.x, saved.weight, saved.needs_input);
    return {dx, dweight, dbias, {}};
  }
};

}  // namespace

bool fits_kernels(int64_t in, int64_t out) { return can_convolve(best_table(), in, out); }

bool fits_kernels(int64_t features) { return features % best_table().lanes == 0; }

at::Tensor train_fused_conv(const at::Tensor& x, const FusedConv& conv, const at::Tensor& dropout_mask,
                            at::ScalarType type) {
  assert(is_fused_conv(conv) && is_images(x) && x.size(1) == conv.weight.size(1));
  assert(is_dropout_mask(dropout_mask, x.size(0), conv.weight.size(0)));
  const ConvCall call{.conv = conv, .dropout_mask = dropout_mask, .type = type};
  if (conv.norm == nullptr) return ConvReluFunction::apply(x, conv.weight, conv.bias, call);
  return ConvNormReluFunction::apply(x, conv.weight, conv.bias, conv.norm->weight, conv.norm->bias, call);
}

at::Tensor eval_fused_conv(const at::Tensor& x, const FusedConv& conv, at::ScalarType type) {
  assert(is_fused_conv(conv) && is_images(x) && x.size(1) == conv.weight.size(1));
  assert(!at::GradMode::is_enabled());
  at::Tensor z = backend_convolve(conv.settings, x, conv.weight, type);
  EpilogueOptions options{
      .scale = {}, .shift = conv.bias, .dropout_mask = {}, .relu = true, .pool = conv.pool == Pool::last};
  if (conv.norm != nullptr) {
    const ScaleShift folded = fold(*conv.norm, conv.bias);
    options.scale = folded.scale;
    options.shift = folded.shift;
  }
  if (conv.pool == Pool::before_norm) z = max_pool(z, /*needs_codes=*/false).y;
  return epilogue(best_table(), z, options, /*needs_codes=*/false).y;
}

at::Tensor train_norm_relu(const at::Tensor& z, const BatchNorm& norm) {
  assert(are_features(z, norm));
  return NormReluFunction::apply(z, norm.weight, norm.bias, norm);
}

at::Tensor eval_norm_relu(const at::Tensor& z, const BatchNorm& norm) {
  assert(are_features(z, norm));
  assert(!at::GradMode::is_enabled());
  const ScaleShift folded = fold(norm, /*conv_bias=*/{});
  const EpilogueOptions options{
      .scale = folded.scale, .shift = folded.shift, .dropout_mask = {}, .relu = true, .pool = false};
  return as_rows(epilogue(best_table(), as_image(z), options, /*needs_codes=*/false).y);
}

at::Tensor train_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu) {
  return LinearFunction::apply(x.contiguous(), weight.contiguous(), bias.contiguous(), relu);
}

at::Tensor eval_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu) {
  assert(!at::GradMode::is_enabled());
  return linear(best_table(), x.contiguous(), weight.contiguous(), bias.contiguous(), relu);
}

}  // namespace digitrec::kernels
