#include "figures/figure_text.h"

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace digitrec {

namespace fs = std::filesystem;

std::string data_name(const RunRecord& run) {
  const fs::path path = run.dataset.source;
  return (path.parent_path().filename() / path.filename()).string();
}

std::string subject(const RunRecord& run) { return fmt::format("{} on {}", run.config.model, data_name(run)); }

std::string matrix_rows(const at::Tensor& matrix) {
  std::string text;
  const at::Tensor values = matrix.to(at::kFloat).contiguous();
  const auto* value = values.const_data_ptr<float>();
  for (int64_t y = 0; y < values.size(0); ++y) {
    for (int64_t x = 0; x < values.size(1); ++x) add(text, "{:.4g} ", *value++);
    text += '\n';
  }
  return text;
}

}  // namespace digitrec
