#include "digitrec/model/classifier.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <torch/nn/module.h>

namespace digitrec {
namespace {

/// LibTorch's modules have no const access to their tensors.
torch::nn::Module& module_of(const Classifier& model) { return const_cast<Classifier&>(model).module(); }

template <class Items>
std::vector<NamedTensor> named(const Items& items) {
  std::vector<NamedTensor> tensors;
  for (const auto& item : items) tensors.push_back({item.key(), item.value()});
  return tensors;
}

}  // namespace

std::vector<NamedTensor> Classifier::named_parameters() const { return named(module_of(*this).named_parameters()); }
std::vector<NamedTensor> Classifier::named_buffers() const { return named(module_of(*this).named_buffers()); }
std::vector<at::Tensor> Classifier::parameters() const { return module_of(*this).parameters(); }
std::vector<at::Tensor> Classifier::buffers() const { return module_of(*this).buffers(); }

void Classifier::to(at::Device device) { module().to(device); }
void Classifier::train(bool on) { module().train(on); }
bool Classifier::is_training() const { return module_of(*this).is_training(); }

at::Tensor compute_logits(Classifier& model, const at::Tensor& images, const Normalization& normalization,
                          int64_t batch_size) {
  at::NoGradGuard no_grad;
  const bool was_training = model.is_training();
  model.eval();
  std::vector<at::Tensor> parts;
  for (const at::Tensor& batch : images.split(batch_size)) {
    parts.push_back(model.forward(normalize_images(batch, normalization)));
  }
  model.train(was_training);
  return at::cat(parts);
}

int64_t count_parameters(const Classifier& model) {
  int64_t count = 0;
  for (const at::Tensor& parameter : model.parameters()) count += parameter.numel();
  return count;
}

}  // namespace digitrec
