#include "train/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>

namespace digitrec {

at::Tensor loss_with_outliers(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& class_weights,
                              double label_smoothing) {
  const int64_t classes = logits.size(1);
  const at::Tensor is_outlier = labels.lt(0);
  const at::Tensor own = at::one_hot(labels.clamp_min(0), classes) * (1 - label_smoothing);
  at::Tensor targets = own + label_smoothing / static_cast<double>(classes);
  at::Tensor weights = at::ones({labels.size(0)}, targets.options());
  if (class_weights.defined()) {
    targets = targets * class_weights;
    weights = at::where(is_outlier, weights, class_weights.index_select(0, labels.clamp_min(0)));
  }
  targets = at::where(is_outlier.unsqueeze(1), 1 / static_cast<double>(classes), targets);
  return -(targets * at::log_softmax(logits.to(at::kFloat), 1)).sum() / weights.sum();
}

}  // namespace digitrec
