#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace digitrec {

/// The bytes of image `row` of uint8 [N, S, S], contiguous on the CPU, as a key; valid as long as the tensor.
std::string_view image_bytes(const at::Tensor& images, int64_t row);

/// Each distinct image and the first row that shows it.
std::unordered_map<std::string_view, int64_t> first_rows(const at::Tensor& images);

}  // namespace digitrec
