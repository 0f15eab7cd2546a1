#pragma once

#include "digitrec/infer/predictor.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace digitrec {

inline constexpr int64_t kCheckedImages = 100;

/// A network, or several that vote, as other programs read them.
struct OnnxExport {
  std::string bytes;      ///< of the file; see onnx::build_model
  double difference = 0;  ///< as check_onnx gives it
};

/// Writes the predictor's networks as ONNX and checks what it wrote. Throws Error for weights of 2 GiB or more, and as
/// check_onnx does.
OnnxExport export_onnx(Predictor& predictor);

/// Computes what the bytes of an ONNX file say for kCheckedImages drawn digits. Returns the largest difference between
/// its probabilities and the predictor's. Throws Error when that is above 1e-4.
double check_onnx(std::string_view bytes, Predictor& predictor);

}  // namespace digitrec
