#pragma once

#include <string>
#include <vector>

namespace digitrec {

/// What activations and matrix products are computed in. Parameters, statistics and the optimizer are float32 always.
enum class Precision { fp32, bf16 };

/// The precision that a user asks for; `automatic` is bf16 where the hardware multiplies bfloat16, and fp32 elsewhere.
enum class PrecisionChoice { automatic, fp32, bf16 };

/// Which code runs the layers on the CPU.
enum class Kernels {
  fused,  ///< our own convolutions, each with the layers after it in one pass; plain layers elsewhere
  plain,  ///< LibTorch's layers one by one
};

/// The names of PrecisionChoice in files and on the command line, in the enum's order.
const std::vector<std::string>& precision_choice_names();
/// The names of Kernels in files and on the command line, in the enum's order.
const std::vector<std::string>& kernels_names();

/// How a network computes. The function is the same, up to the rounding that the precision implies.
struct Execution {
  Precision precision = Precision::fp32;  ///< of activations and matrix products
  Kernels kernels = Kernels::fused;       ///< that run the layers on the CPU
};

}  // namespace digitrec
