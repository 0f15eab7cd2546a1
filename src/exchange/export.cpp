#include "exchange/export.h"

#include "digitrec/core/error.h"
#include "exchange/onnx_graph.h"
#include "synth/synth.h"

#include <ATen/TensorOperators.h>

#include <spdlog/fmt/fmt.h>

#include <utility>

namespace digitrec {
namespace {

/// The project's measure for ONNX Runtime's answers too. Rounding makes a hundredth of it.
constexpr double kMaxDifference = 1e-4;

Dataset draw_digits(int64_t image_size) {
  std::vector<uint8_t> pixels;
  for (int64_t i = 0; i < kCheckedImages; ++i) {
    const std::vector<uint8_t> digit = draw_synthetic_digit(i % 10, image_size, static_cast<uint64_t>(i));
    pixels.insert(pixels.end(), digit.begin(), digit.end());
  }
  return make_dataset(std::move(pixels), {}, image_size, "drawn digits");
}

}  // namespace

OnnxExport export_onnx(Predictor& predictor) {
  OnnxExport result{.bytes = onnx::encode(onnx::build_model(predictor))};
  result.difference = check_onnx(result.bytes, predictor);
  return result;
}

double check_onnx(std::string_view bytes, Predictor& predictor) {
  const Dataset digits = draw_digits(predictor.shape().image_size);
  const at::Tensor found = onnx::evaluate(onnx::decode(bytes), digits.images.unsqueeze(1).to(at::kFloat));
  const double difference = (found - predictor.predict(digits)).abs().max().item<double>();
  if (difference <= kMaxDifference) return difference;
  throw Error(fmt::format("ONNX: the file's probabilities differ by {:.2g} from the networks', more than {}",
                          difference, kMaxDifference),
              "please report it");
}

}  // namespace digitrec
