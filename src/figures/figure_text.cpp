#include "figures/figure_text.h"

#include "core/program.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>

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

namespace {

bool begins(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }  // a character, in UTF-8
/// The room of a character by its first byte: from U+3000 on they are square.
size_t room_of(char c) { return static_cast<unsigned char>(c) >= 0xE3 ? 2 : 1; }

size_t room_of(const std::string& text) {
  size_t room = 0;
  for (const char c : text) room += begins(c) ? room_of(c) : 0;
  return room;
}

}  // namespace

std::string shorten(const std::string& text, size_t max) {
  if (room_of(text) <= max) return text;
  size_t room = 0;
  size_t end = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!begins(text[i])) continue;
    end = i;
    room += room_of(text[i]);
    if (room >= max) break;
  }
  while (end > 0 && text[end - 1] == ' ') --end;
  return text.substr(0, end) + "…";
}

bool is_legible(const std::string& text) {
  constexpr uint32_t kFirstUnusual = 0x530;  // behind Cyrillic
  std::set<uint32_t> unusual;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    uint32_t code = lead < 0x80 ? lead : lead < 0xE0 ? lead & 0x1FU : lead < 0xF0 ? lead & 0x0FU : lead & 0x07U;
    for (++i; i < text.size() && !begins(text[i]); ++i)
      code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    if (code >= kFirstUnusual) unusual.insert(code);
  }
  if (unusual.empty()) return true;
  std::string charset = ":charset=";
  for (const uint32_t code : unusual) add(charset, "{:x} ", code);
  const ProgramAnswer fonts = run_program({"fc-list", charset, "family"});
  return fonts.succeeded && fonts.output.find_first_not_of(" \n") != std::string::npos;
}

size_t longest_name(const RunRecord& run) {
  size_t longest = 0;
  for (const ClassMetrics& m : run.metrics.classes) longest = std::max(longest, room_of(m.name));
  return longest;
}

}  // namespace digitrec
