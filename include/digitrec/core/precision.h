#pragma once

#include <torch/types.h>

#include <string>

namespace digitrec {

/// What activations and matrix products are computed in. Parameters, statistics and the optimizer are float32 always.
enum class Precision { fp32, bf16 };
/// As users ask for it; `automatic` is bf16 where the hardware multiplies bfloat16 and float32 elsewhere.
enum class PrecisionChoice { automatic, fp32, bf16 };

/// Whether this processor has instructions that multiply bfloat16: AVX512-BF16, and AMX on those that have it.
bool cpu_multiplies_bf16();

struct PrecisionDecision {
  Precision precision;
  std::string reason;  ///< for the log: which precision, and why
};

PrecisionDecision choose_precision(PrecisionChoice choice, const torch::Device& device);

/// "fp32" or "bf16".
std::string to_string(Precision precision);

torch::ScalarType scalar_type(Precision precision);

}  // namespace digitrec
