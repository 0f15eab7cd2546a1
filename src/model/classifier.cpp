#include "digitrec/model/classifier.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

namespace digitrec {
namespace {

std::vector<at::Tensor> without_names(const std::vector<NamedTensor>& named) {
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& item : named) tensors.push_back(item.tensor);
  return tensors;
}

}  // namespace

std::vector<at::Tensor> Classifier::parameters() const { return without_names(named_parameters()); }
std::vector<at::Tensor> Classifier::trainable_parameters() const {
  std::vector<at::Tensor> trainable = parameters();
  std::erase_if(trainable, [](const at::Tensor& parameter) { return !parameter.requires_grad(); });
  return trainable;
}

std::vector<at::Tensor> Classifier::buffers() const { return without_names(named_buffers()); }

at::Tensor compute_logits(Classifier& model, const at::Tensor& images, const Normalization& normalization,
                          int64_t batch_size) {
  at::NoGradGuard no_grad;
  const bool was_training = model.is_training();
  model.eval();
  std::vector<at::Tensor> parts;
  for (const at::Tensor& batch : images.split(batch_size)) {
    parts.push_back(model.forward(normalize_images(batch, normalization)));
  }
  model.set_training(was_training);
  return at::cat(parts);
}

int64_t count_parameters(const Classifier& model) {
  int64_t count = 0;
  for (const at::Tensor& parameter : model.parameters()) count += parameter.numel();
  return count;
}

}  // namespace digitrec
