#pragma once

#include "digitrec/core/execution.h"

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace digitrec {

/// Whether this processor has instructions that multiply bfloat16: AVX512-BF16, and AMX on those that have it.
bool cpu_multiplies_bf16();

/// "auto", "fp32" or "bf16". Throws UsageError, naming the nearest, for any other.
PrecisionChoice parse_precision(const std::string& name);

/// "fused" or "plain". Throws UsageError, naming the nearest, for any other.
Kernels parse_kernels(const std::string& name);

struct PrecisionDecision {
  Precision precision;
  std::string reason;  ///< for the log: which precision, and why
};

PrecisionDecision choose_precision(PrecisionChoice choice, const at::Device& device);

/// "fp32" or "bf16".
std::string to_string(Precision precision);

at::ScalarType scalar_type(Precision precision);

}  // namespace digitrec
