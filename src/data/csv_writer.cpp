#include "data/csv_writer.h"

#include "core/atomic_file.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <array>

namespace digitrec {

void write_image_csv(const std::filesystem::path& path, const Dataset& dataset) {
  constexpr size_t kFlushBytes = 1 << 20;
  std::array<std::string, 256> digits;
  for (size_t value = 0; value < digits.size(); ++value) digits[value] = std::to_string(value);

  const int64_t pixels = dataset.image_size() * dataset.image_size();
  const at::Tensor images = dataset.images.contiguous();
  const uint8_t* pixel = images.const_data_ptr<uint8_t>();
  const int64_t* label = dataset.has_labels() ? dataset.labels.const_data_ptr<int64_t>() : nullptr;

  AtomicFile file(path);
  std::string text = label != nullptr ? "label" : "";
  for (int64_t i = 0; i < pixels; ++i)
    fmt::format_to(std::back_inserter(text), "{}pixel{}", text.empty() ? "" : ",", i);
  text += '\n';
  for (int64_t row = 0; row < dataset.size(); ++row) {
    if (label != nullptr) fmt::format_to(std::back_inserter(text), "{},", label[row]);
    for (int64_t i = 0; i < pixels; ++i) {
      text += digits[pixel[row * pixels + i]];
      text += i + 1 < pixels ? ',' : '\n';
    }
    if (text.size() > kFlushBytes) {
      file.write(text);
      text.clear();
    }
  }
  file.write(text);
  file.commit();
}

std::string id_label_csv(const at::Tensor& labels) {
  const at::Tensor dense = labels.contiguous();
  const int64_t* label = dense.const_data_ptr<int64_t>();
  std::string text = "ImageId,Label\n";
  for (int64_t i = 0; i < dense.numel(); ++i) fmt::format_to(std::back_inserter(text), "{},{}\n", i + 1, label[i]);
  return text;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace digitrec
