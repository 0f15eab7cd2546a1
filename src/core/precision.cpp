#include "core/precision.h"

#include "core/names.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {
namespace {

bool multiplies_bf16(const at::Device& device) {
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

const std::vector<std::string>& precision_choice_names() {
  static const std::vector<std::string> names{"auto", "fp32", "bf16"};
  return names;
}

const std::vector<std::string>& kernels_names() {
  static const std::vector<std::string> names{"fused", "plain"};
  return names;
}

PrecisionChoice parse_precision(const std::string& name) {
  return parse_name<PrecisionChoice>("precision", name, precision_choice_names());
}

Kernels parse_kernels(const std::string& name) { return parse_name<Kernels>("kernels", name, kernels_names()); }

PrecisionDecision choose_precision(PrecisionChoice choice, const at::Device& device) {
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

at::ScalarType scalar_type(Precision precision) { return precision == Precision::bf16 ? at::kBFloat16 : at::kFloat; }

}  // namespace digitrec
