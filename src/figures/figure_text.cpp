#include "figures/figure_text.h"

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace digitrec {

std::string subject(const RunRecord& run) {
  // Of the path only its end: a long one would not fit.
  const std::filesystem::path path = run.dataset.source;
  const std::filesystem::path data = path.parent_path().filename() / path.filename();
  return fmt::format("{} on {}", run.config.model, data.string());
}

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

std::string shorten(const std::string& text, size_t max) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };  // a character, in UTF-8
  size_t characters = 0;
  size_t cut = text.size();
  for (size_t i = 0; i < text.size(); ++i) {
    if (!begins(text[i])) continue;
    if (characters + 1 == max) cut = i;
    ++characters;
  }
  return characters <= max ? text : text.substr(0, cut) + "…";
}

}  // namespace digitrec
