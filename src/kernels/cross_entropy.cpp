#include "kernels/cross_entropy.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <vector>

namespace digitrec::kernels {
namespace {

/// What a row's classes weigh in the loss: -sum(target * log_softmax(logits)).
class Targets {
 public:
  Targets(const at::Tensor& labels, const at::Tensor& class_weights, double label_smoothing, int64_t classes)
      : labels_(labels.const_data_ptr<int64_t>()), weights_(classes, 1.0F), smoothing_(label_smoothing) {
    if (class_weights.defined()) {
      std::copy_n(class_weights.const_data_ptr<float>(), classes, weights_.begin());
    }
    double total = 0;
    for (int64_t row = 0; row < labels.numel(); ++row) total += labels_[row] < 0 ? 1 : weights_[labels_[row]];
    inverse_total_ = 1 / total;
  }

  int64_t label(int64_t row) const { return labels_[row]; }
  /// Divided by the weight of the whole batch.
  double of(int64_t row, int64_t c) const {
    const auto classes = static_cast<double>(weights_.size());
    if (labels_[row] < 0) return inverse_total_ / classes;
    const double own = c == labels_[row] ? 1 - smoothing_ : 0.0;
    return (own + smoothing_ / classes) * weights_[c] * inverse_total_;
  }

 private:
  const int64_t* labels_;
  std::vector<float> weights_;
  double smoothing_;
  double inverse_total_ = 0;
};

/// As argmax: the first of the largest, and NaN is larger than all.
int64_t largest_of(const float* logits, int64_t classes) {
  const auto is_less = [](float a, float b) { return a < b || (std::isnan(b) && !std::isnan(a)); };
  return std::max_element(logits, logits + classes, is_less) - logits;
}

/// Replaces a row's logits, of which `largest` is the largest, by the gradient; gives its part of the loss.
double step_row(const Targets& targets, int64_t row, float* logits, int64_t classes, float largest) {
  float sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(logits[c] - largest);
  const float log_sum = largest + std::log(sum);
  double loss = 0;
  double target_sum = 0;
  for (int64_t c = 0; c < classes; ++c) {
    const double target = targets.of(row, c);
    if (target != 0) loss -= target * (logits[c] - log_sum);  // 0 * log(0) is 0
    target_sum += target;
  }
  for (int64_t c = 0; c < classes; ++c) {
    const double probability = std::exp(logits[c] - log_sum);
    logits[c] = static_cast<float>(probability * target_sum - targets.of(row, c));
  }
  return loss;
}

}  // namespace

CrossEntropy cross_entropy(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& class_weights,
                           double label_smoothing) {
  assert(logits.is_cpu() && logits.dim() == 2 && labels.is_contiguous() && labels.numel() == logits.size(0));
  assert(!class_weights.defined() || (class_weights.is_contiguous() && class_weights.numel() == logits.size(1)));
  const int64_t classes = logits.size(1);
  at::Tensor gradient = at::empty_like(logits, logits.options().dtype(at::kFloat), at::MemoryFormat::Contiguous);
  gradient.copy_(logits.detach());
  const Targets targets(labels, class_weights, label_smoothing, classes);
  CrossEntropy result;
  double loss = 0;
  for (int64_t row = 0; row < logits.size(0); ++row) {
    float* values = gradient.data_ptr<float>() + row * classes;
    const int64_t answer = largest_of(values, classes);
    if (answer == targets.label(row)) ++result.correct;
    loss += step_row(targets, row, values, classes, values[answer]);
  }
  result.loss = static_cast<float>(loss);
  result.gradient = gradient.to(logits.scalar_type());
  return result;
}

}  // namespace digitrec::kernels
