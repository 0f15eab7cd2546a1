#include "infer/saliency.h"

#include <torch/csrc/autograd/autograd.h>

namespace digitrec {

torch::Tensor saliency(const Checkpoint& network, const torch::Tensor& images) {
  const at::AutoGradMode with_gradient(true);
  torch::Tensor x = normalize_images(images, network.info.normalization).detach().requires_grad_();
  const torch::Tensor strongest = std::get<0>(network.model->forward(x).max(1)).sum();
  const torch::Tensor gradient = torch::autograd::grad({strongest}, {x}).front().squeeze(1);
  const torch::Tensor share = gradient * images.to(torch::kFloat32);
  return (share / share.abs().amax({1, 2}, /*keepdim=*/true).clamp_min(1e-12)).to(torch::kCPU);
}

}  // namespace digitrec
