#include "data/utf16.h"

namespace digitrec {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

void add_utf8(std::string& text, uint32_t code) {
  const auto add = [&](uint32_t mark, int shift, uint32_t mask) {
    text += static_cast<char>(mark | ((code >> shift) & mask));
  };
  if (code < 0x80) return add(0, 0, 0x7F);
  if (code < 0x800) {
    add(0xC0, 6, 0x1F);
  } else {
    if (code < 0x10000) {
      add(0xE0, 12, 0x0F);
    } else {
      add(0xF0, 18, 0x07);
      add(0x80, 12, 0x3F);
    }
    add(0x80, 6, 0x3F);
  }
  add(0x80, 0, 0x3F);
}

bool is_first_of_pair(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_second_of_pair(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

std::string Utf16Decoder::decode(std::string_view bytes) {
  const std::string units = rest_ + std::string(bytes);
  std::string text;
  text.reserve(units.size() / 2);
  for (size_t i = 0; i + 1 < units.size(); i += 2) {
    const auto byte = [&](size_t at) -> uint32_t { return static_cast<unsigned char>(units[at]); };
    const uint32_t unit = is_little_endian_ ? byte(i) | byte(i + 1) << 8 : byte(i) << 8 | byte(i + 1);
    const bool is_second = is_second_of_pair(unit);
    if (first_ != 0 && !is_second) add_utf8(text, kReplacement);
    if (is_second) {
      add_utf8(text, first_ == 0 ? kReplacement : 0x10000 + ((first_ - 0xD800) << 10) + (unit - 0xDC00));
    } else if (!is_first_of_pair(unit)) {
      add_utf8(text, unit);
    }
    first_ = is_first_of_pair(unit) ? unit : 0;
  }
  rest_ = units.substr(units.size() / 2 * 2);
  return text;
}

bool has_utf16_mark(std::string_view text) { return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"); }

}  // namespace digitrec
