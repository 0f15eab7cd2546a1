#include "data/csv_writer.h"

#include "core/atomic_file.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <array>

namespace digitrec {

namespace {

/// Hands the text over piece by piece.
template <class Take>
void make_image_csv(const Dataset& dataset, Take take) {
  constexpr size_t kPiece = 1 << 20;
  std::array<std::string, 256> digits;
  for (size_t value = 0; value < digits.size(); ++value) digits[value] = std::to_string(value);

  const int64_t pixels = dataset.image_size() * dataset.image_size();
  const at::Tensor images = dataset.images.contiguous();
  const uint8_t* pixel = images.const_data_ptr<uint8_t>();
  const int64_t* label = dataset.has_labels() ? dataset.labels.const_data_ptr<int64_t>() : nullptr;

  std::string text = dataset.ids.empty() ? "" : csv_field(dataset.id_name);
  if (label != nullptr) text += text.empty() ? "label" : ",label";
  for (int64_t i = 0; i < pixels; ++i)
    fmt::format_to(std::back_inserter(text), "{}pixel{}", text.empty() ? "" : ",", i);
  text += '\n';
  for (int64_t row = 0; row < dataset.size(); ++row) {
    if (!dataset.ids.empty()) text += csv_field(dataset.ids[static_cast<size_t>(row)]) + ",";
    if (label != nullptr) text += csv_field(dataset.classes.label(label[row])) + ",";
    for (int64_t i = 0; i < pixels; ++i) {
      text += digits[pixel[row * pixels + i]];
      text += i + 1 < pixels ? ',' : '\n';
    }
    if (text.size() > kPiece) {
      take(text);
      text.clear();
    }
  }
  take(text);
}

}  // namespace

std::string image_csv(const Dataset& dataset) {
  std::string whole;
  make_image_csv(dataset, [&](const std::string& text) { whole += text; });
  return whole;
}

void write_image_csv(const std::filesystem::path& path, const Dataset& dataset) {
  AtomicFile file(path);
  make_image_csv(dataset, [&](const std::string& text) { file.write(text); });
  file.commit();
}

std::string SubmissionNames::header() const { return csv_field(id) + "," + csv_field(label); }

std::string SubmissionNames::line(int64_t row, int64_t label_index) const {
  const std::string row_id = ids.empty() ? std::to_string(row + 1) : csv_field(ids[static_cast<size_t>(row)]);
  return row_id + "," + csv_field(classes.label(label_index));
}

std::string id_label_csv(const at::Tensor& labels, const SubmissionNames& names) {
  const at::Tensor dense = labels.contiguous();
  const int64_t* label = dense.const_data_ptr<int64_t>();
  std::string text = names.header() + "\n";
  for (int64_t i = 0; i < dense.numel(); ++i) text += names.line(i, label[i]) + "\n";
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
