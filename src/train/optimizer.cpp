#include "train/optimizer.h"

#include "kernels/adam.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <spdlog/fmt/fmt.h>

#include <cmath>

namespace digitrec {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

Optimizer::Optimizer(std::vector<at::Tensor> parameters, const TrainConfig& config)
    : parameters_(std::move(parameters)),
      kind_(config.optimizer),
      weight_decay_(config.weight_decay),
      momentum_(config.momentum) {
  for (const at::Tensor& parameter : parameters_) {
    // zeros_like keeps the memory order: the fused kernels walk parameter, gradient and moments side by side.
    const bool needs_first_moment = kind_ != OptimizerKind::sgd || momentum_ > 0;
    if (needs_first_moment) first_moments_.push_back(at::zeros_like(parameter));
    if (kind_ == OptimizerKind::sgd) continue;
    second_moments_.push_back(at::zeros_like(parameter));
    steps_.push_back(at::zeros({}, parameter.options()));
  }
}

void Optimizer::step(double rate) {
  if (!step_by_kernels(rate)) apply(rate);
}

void Optimizer::step(const at::Tensor& rate) { apply(rate); }

bool Optimizer::step_by_kernels(double rate) {
  if (kind_ == OptimizerKind::sgd) return false;
  std::vector<kernels::AdamTensors> all;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    all.push_back({parameters_[i], parameters_[i].grad(), first_moments_[i], second_moments_[i]});
    if (!kernels::fits_adam(all.back())) return false;
  }
  for (at::Tensor& step : steps_) step.data_ptr<float>()[0] += 1;
  const double step = steps_.front().item<float>();
  const bool is_adamw = kind_ == OptimizerKind::adamw;
  kernels::adam_step({.beta2 = static_cast<float>(kBeta2),
                      .epsilon = static_cast<float>(kEpsilon),
                      .one_minus_beta1 = static_cast<float>(1 - kBeta1),
                      .one_minus_beta2 = static_cast<float>(1 - kBeta2),
                      .rate = static_cast<float>(rate / (1 - std::pow(kBeta1, step))),
                      .inverse_root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, step))),
                      .weight_decay = static_cast<float>(is_adamw ? 0 : weight_decay_),
                      .shrink = static_cast<float>(is_adamw ? 1 - rate * weight_decay_ : 1)},
                     all);
  return true;
}

template <class Rate>
void Optimizer::apply(const Rate& rate) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) gradients.push_back(parameter.grad());
  switch (kind_) {
    case OptimizerKind::adam:
      at::_foreach_add_(steps_, 1);
      at::_fused_adam_(parameters_, gradients, first_moments_, second_moments_, {}, steps_, rate, kBeta1, kBeta2,
                       weight_decay_, kEpsilon, /*amsgrad=*/false, /*maximize=*/false);
      break;
    case OptimizerKind::adamw:
      at::_foreach_add_(steps_, 1);
      at::_fused_adamw_(parameters_, gradients, first_moments_, second_moments_, {}, steps_, rate, kBeta1, kBeta2,
                        weight_decay_, kEpsilon, /*amsgrad=*/false, /*maximize=*/false);
      break;
    case OptimizerKind::sgd:
      at::_fused_sgd_(parameters_, gradients, first_moments_, weight_decay_, momentum_, rate, /*dampening=*/0,
                      /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/first_step_);
      break;
  }
  first_step_ = false;
}

void Optimizer::zero_grad() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
}

void Optimizer::save(TrainingState& state) const {
  state.put_integer("optimizer.first_step", first_step_ ? 1 : 0);
  for (const auto& [name, tensors] : tensors_by_name()) {
    for (size_t i = 0; i < tensors->size(); ++i) state.put(fmt::format("optimizer.{}.{}", name, i), (*tensors)[i]);
  }
}

void Optimizer::restore(const TrainingState& state) {
  first_step_ = state.integer("optimizer.first_step") != 0;
  for (const auto& [name, tensors] : tensors_by_name()) {
    for (size_t i = 0; i < tensors->size(); ++i) state.copy_to(fmt::format("optimizer.{}.{}", name, i), (*tensors)[i]);
  }
}

std::map<std::string, const std::vector<at::Tensor>*> Optimizer::tensors_by_name() const {
  return {{"first_moment", &first_moments_}, {"second_moment", &second_moments_}, {"step", &steps_}};
}

void clip_gradients(const std::vector<at::Tensor>& parameters, double max_norm) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters) gradients.push_back(parameter.grad());
  const at::Tensor norm = at::stack(at::_foreach_norm(gradients)).norm();
  // 1e-6 as in torch.nn.utils.clip_grad_norm_.
  const at::Tensor factor = (max_norm / (norm + 1e-6)).clamp_max(1.0);
  for (at::Tensor& gradient : gradients) gradient.mul_(factor);
}

}  // namespace digitrec
