#include "data/image_rows.h"

#include <ATen/core/Tensor.h>

namespace digitrec {

std::string_view image_bytes(const at::Tensor& images, int64_t row) {
  const int64_t size = images.size(1) * images.size(2);
  const auto* pixels = reinterpret_cast<const char*>(images.const_data_ptr<uint8_t>());
  return {pixels + row * size, static_cast<size_t>(size)};
}

std::unordered_map<std::string_view, int64_t> first_rows(const at::Tensor& images) {
  std::unordered_map<std::string_view, int64_t> rows;
  rows.reserve(static_cast<size_t>(images.size(0)));
  for (int64_t row = 0; row < images.size(0); ++row) rows.try_emplace(image_bytes(images, row), row);
  return rows;
}

}  // namespace digitrec
