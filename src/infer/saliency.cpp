#include "infer/saliency.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

namespace digitrec {
namespace {

/// Images that go through a network at once: the backward pass needs all their activations.
constexpr int64_t kImagesAtOnce = 64;

at::Tensor gradient(const Checkpoint& network, const at::Tensor& images, const at::Tensor& labels) {
  const at::AutoGradMode with_gradient(true);
  const at::Device device = network.model->parameters().front().device();
  const at::Tensor x = normalize_images(images.to(device), network.info.normalization).detach().requires_grad_();
  const at::Tensor logits = network.model->forward(x).gather(1, labels.to(device).unsqueeze(1));
  return torch::autograd::grad({logits.sum()}, {x}).front().squeeze(1).to(at::kCPU);
}

}  // namespace

at::Tensor saliency(const std::vector<Loaded<Checkpoint>>& networks, const at::Tensor& images,
                    const at::Tensor& labels) {
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < images.size(0); begin += kImagesAtOnce) {
    const at::Tensor some = images.slice(0, begin, begin + kImagesAtOnce);
    at::Tensor sum = at::zeros(some.sizes(), at::kFloat);
    for (const Loaded<Checkpoint>& network : networks)
      sum += gradient(network.value, some, labels.slice(0, begin, begin + kImagesAtOnce));
    const at::Tensor share = sum * some.to(at::kFloat);
    parts.push_back(share / share.abs().amax({1, 2}, /*keepdim=*/true).clamp_min(1e-12));
  }
  return at::cat(parts);
}

}  // namespace digitrec
