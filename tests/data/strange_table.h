#pragma once
// A table of images, and what people change about it.
#include "support.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace digitrec {

/// A table of labelled images as text, with what people change about it.
struct Table {
  char separator = ',';
  bool header = true;
  bool quotes = false;
  std::string before{};  ///< fields in front of the label, by name
  std::string after{};   ///< behind the pixels
  std::function<std::string(int)> pixel = [](int value) { return std::to_string(value); };
  std::function<std::string(int64_t)> label = [](int64_t value) { return std::to_string(value); };
};

inline constexpr int64_t kRows = 40;
inline constexpr int64_t kSide = 8;

inline Dataset plain_data() {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < kRows; ++i) labels.push_back(i % 4);
  return test::random_dataset(labels, kSide);
}

inline std::string text_of(const Dataset& data, const Table& table) {
  const auto field = [&](const std::string& value) { return table.quotes ? "\"" + value + "\"" : value; };
  const std::string comma(1, table.separator);
  std::string text;
  const auto add = [&](const std::string& value, bool first = false) { text += (first ? "" : comma) + field(value); };
  if (table.header) {
    if (!table.before.empty()) add(table.before == "-" ? "" : table.before, true);
    add("label", table.before.empty());
    for (int64_t i = 0; i < kSide * kSide; ++i) add("pixel" + std::to_string(i));
    text += table.after + "\n";
  }
  for (int64_t row = 0; row < data.size(); ++row) {
    if (!table.before.empty()) add(std::to_string(row), true);
    add(table.label(data.labels[row].item<int64_t>()), table.before.empty());
    const torch::Tensor pixels = data.images[row].flatten();
    for (int64_t i = 0; i < pixels.numel(); ++i) add(table.pixel(pixels[i].item<int>()));
    text += table.after + "\n";
  }
  return text;
}

}  // namespace digitrec
