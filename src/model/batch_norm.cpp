#include "model/batch_norm.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/dropout.h>

namespace digitrec {
namespace {

namespace nn = torch::nn;

constexpr int64_t kBatch = 256;

template <class Module, class Work>
void for_each(Classifier& model, Work work) {
  for (const auto& module : model.module().modules(/*include_self=*/false)) {
    if (auto* found = module->as<Module>()) work(*found);
  }
}

/// Calls `work` with each batch normalisation, whatever its dimension.
template <class Work>
void for_each_norm(Classifier& model, Work work) {
  for_each<nn::BatchNorm1d>(model, work);
  for_each<nn::BatchNorm2d>(model, work);
}

}  // namespace

void measure_batch_norm(Classifier& model, const at::Tensor& images, const Normalization& normalization) {
  model.eval();
  if (model.buffers().empty()) return;
  at::NoGradGuard no_grad;
  model.train();
  for_each<nn::Dropout>(model, [](nn::DropoutImpl& dropout) { dropout.eval(); });
  for_each<nn::Dropout2d>(model, [](nn::Dropout2dImpl& dropout) { dropout.eval(); });
  const double momentum = nn::BatchNormOptions(1).momentum().value();
  for_each_norm(model, [](auto& norm) {
    if (norm.is_training()) norm.reset_running_stats();  // a frozen one keeps its own
  });
  int64_t batches = 0;
  for (const at::Tensor& batch : images.split(kBatch)) {
    if (batch.size(0) == 1) continue;  // one image has no variance
    // 1, 1/2, 1/3, ...: the plain mean over the batches.
    for_each_norm(model, [&](auto& norm) { norm.options.momentum(1.0 / static_cast<double>(batches + 1)); });
    model.forward(normalize_images(batch, normalization));
    ++batches;
  }
  for_each_norm(model, [&](auto& norm) { norm.options.momentum(momentum); });
  model.eval();
}

}  // namespace digitrec
