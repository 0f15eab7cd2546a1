#include "digitrec/core/precision.h"

#include "digitrec/core/error.h"
#include "digitrec/core/names.h"

#include <ATen/detail/CUDAHooksInterface.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace digitrec {
namespace {

bool multiplies_bf16(const torch::Device& device) {
  if (device.is_cpu()) return cpu_multiplies_bf16();
  // cuDNN's bfloat16 needs compute capability 8.0; Metal's varies by release, so float32 is the safe choice there.
  return device.is_cuda() && at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8();
}

}  // namespace

bool cpu_multiplies_bf16() {
#if defined(__x86_64__)
  static const bool supported = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") != 0;
  }();
  return supported;
#else
  return false;
#endif
}

PrecisionChoice parse_precision(const std::string& name) {
  const std::vector<std::string> names{"auto", "fp32", "bf16"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw UsageError(fmt::format("unknown precision '{}'{}", name, suggest_name(name, names)));
  return static_cast<PrecisionChoice>(found - names.begin());
}

PrecisionDecision choose_precision(PrecisionChoice choice, const torch::Device& device) {
  switch (choice) {
    case PrecisionChoice::fp32:
      return {Precision::fp32, "fp32: asked for"};
    case PrecisionChoice::bf16:
      return {Precision::bf16, "bf16: asked for"};
    case PrecisionChoice::automatic:
      break;
  }
  if (multiplies_bf16(device))
    return {Precision::bf16, fmt::format("bf16: {} multiplies bfloat16 itself", device.str())};
  return {Precision::fp32, fmt::format("fp32: {} has no instructions for bfloat16", device.str())};
}

std::string to_string(Precision precision) { return precision == Precision::bf16 ? "bf16" : "fp32"; }

torch::ScalarType scalar_type(Precision precision) {
  return precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat32;
}

}  // namespace digitrec
