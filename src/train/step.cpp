#include "train/step.h"

#include <ATen/core/Reduction.h>

namespace digitrec {

RunningMean::RunningMean(const torch::Device& device)
    // Metal has no float64.
    : loss_(torch::zeros({}, torch::dtype(torch::kFloat64).device(device.is_mps() ? torch::kCPU : device))),
      correct_(torch::zeros({}, torch::dtype(torch::kInt64).device(device))) {}

void RunningMean::add(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& labels) {
  const int64_t count = labels.size(0);
  loss_.add_(loss.detach().to(loss_.device()), static_cast<double>(count));
  correct_.add_(logits.detach().argmax(1).eq(labels).sum());
  rows_ += count;
}

TrainStep::TrainStep(std::shared_ptr<Classifier> model, const TrainConfig& config, torch::Tensor images,
                     torch::Tensor labels, const Normalization& normalization, torch::Tensor class_weights)
    : model_(std::move(model)),
      optimizer_(model_->parameters(), config),
      grad_clip_(config.grad_clip),
      label_smoothing_(config.label_smoothing),
      images_(std::move(images)),
      labels_(std::move(labels)),
      normalization_(normalization),
      class_weights_(std::move(class_weights)) {}

void TrainStep::run(const torch::Tensor& rows, double rate, RunningMean& mean) {
  const torch::Tensor x = gather_normalized(images_, rows, normalization_);
  const torch::Tensor y = labels_.index_select(0, rows);
  optimizer_.zero_grad();
  const torch::Tensor logits = model_->forward(x);
  const torch::Tensor loss = torch::cross_entropy_loss(logits, y, class_weights_, at::Reduction::Mean,
                                                       /*ignore_index=*/-100, label_smoothing_);
  loss.backward();
  if (grad_clip_ > 0) clip_gradients(model_->parameters(), grad_clip_);
  optimizer_.step(rate);
  mean.add(loss, logits, y);
}

}  // namespace digitrec
