// Adam's arithmetic on plain memory.
#pragma once

#include "kernels/isa/preconditions.h"
#include "kernels/isa/vec.h"

namespace digitrec::kernels::DIGITREC_ISA {
namespace {

/// Moments below this are 0. The gradients of a unit that is never active are, and its moments shrink with each step
/// until they are subnormal, which processors multiply some hundred times as slowly: after a few epochs of a perceptron
/// a step of Adam took three times as long. Beside epsilon nothing so small changes a parameter.
constexpr float kSmallestMoment = 1e-30F;

DIGITREC_INLINE float flush(float moment) { return __builtin_fabsf(moment) < kSmallestMoment ? 0 : moment; }

/// One element after the other, for the compiler to put side by side: nothing here but loads, arithmetic and stores.
void adam(const AdamStep& step, float* __restrict parameter, const float* __restrict gradient, float* __restrict first,
          float* __restrict second, int64_t size) {
  assert(is_floats(parameter) && is_floats(gradient) && is_floats(first) && is_floats(second) && size >= 0);
  const AdamStep s = step;
  for (int64_t i = 0; i < size; ++i) {
    const float decayed = parameter[i] * s.shrink;
    const float g = gradient[i] + s.weight_decay * parameter[i];
    first[i] = flush(first[i] + s.one_minus_beta1 * (g - first[i]));
    second[i] = flush(s.beta2 * second[i] + s.one_minus_beta2 * g * g);
    parameter[i] = decayed - s.rate * first[i] / (__builtin_sqrtf(second[i]) * s.inverse_root_correction + s.epsilon);
  }
}

}  // namespace
}  // namespace digitrec::kernels::DIGITREC_ISA
