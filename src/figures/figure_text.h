#pragma once

#include "run/record.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <iterator>
#include <string>
#include <utility>

namespace digitrec {

inline constexpr int kFigureWidth = 800;  ///< as wide as a README shows it

/// Appends to the text of a table.
template <class... Args>
void add(std::string& rows, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(rows), format, std::forward<Args>(args)...);
}

/// "cnn on data/train.csv"
std::string subject(const RunRecord& run);
/// The first `max` characters of a text, the last of them an ellipsis where there are more. One of Chinese, Japanese or
/// Korean has the room of two.
std::string shorten(const std::string& text, size_t max);
/// Characters of the longest name of a class.
size_t longest_name(const RunRecord& run);
/// Whether the fonts of this machine have all characters of a text: as fontconfig says, or without it those of Latin,
/// Greek and Cyrillic.
bool is_legible(const std::string& text);
/// Values of a matrix [H, W] as lines of numbers.
std::string matrix_rows(const at::Tensor& matrix);

}  // namespace digitrec
