#include "infer/saliency.h"

#include <torch/csrc/autograd/autograd.h>

namespace digitrec {
namespace {

/// Images that go through a network at once: their activations are all kept for the way back.
constexpr int64_t kImagesAtOnce = 64;

torch::Tensor gradient(const Checkpoint& network, const torch::Tensor& images, const torch::Tensor& labels) {
  const at::AutoGradMode with_gradient(true);
  const torch::Device device = network.model->parameters().front().device();
  const torch::Tensor x = normalize_images(images.to(device), network.info.normalization).detach().requires_grad_();
  const torch::Tensor logits = network.model->forward(x).gather(1, labels.to(device).unsqueeze(1));
  return torch::autograd::grad({logits.sum()}, {x}).front().squeeze(1).to(torch::kCPU);
}

}  // namespace

torch::Tensor saliency(const std::vector<Checkpoint>& networks, const torch::Tensor& images,
                       const torch::Tensor& labels) {
  std::vector<torch::Tensor> parts;
  for (int64_t begin = 0; begin < images.size(0); begin += kImagesAtOnce) {
    const torch::Tensor some = images.slice(0, begin, begin + kImagesAtOnce);
    torch::Tensor sum = torch::zeros(some.sizes(), torch::kFloat32);
    for (const Checkpoint& network : networks) sum += gradient(network, some, labels.slice(0, begin, begin + kImagesAtOnce));
    const torch::Tensor share = sum * some.to(torch::kFloat32);
    parts.push_back(share / share.abs().amax({1, 2}, /*keepdim=*/true).clamp_min(1e-12));
  }
  return torch::cat(parts);
}

}  // namespace digitrec
