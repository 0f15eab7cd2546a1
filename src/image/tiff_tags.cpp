#include "image/tiff_tags.h"

#include <algorithm>

namespace digitrec {
namespace {

constexpr size_t kEntryBytes = 12;  ///< tag, type, number of values, and the values or where they are

/// Bytes of one value of a TIFF type; 0 for what is no whole number.
size_t value_bytes(uint32_t type) {
  constexpr uint32_t kByte = 1;
  constexpr uint32_t kShort = 3;
  constexpr uint32_t kLong = 4;
  return type == kByte ? 1 : type == kShort ? 2 : type == kLong ? 4 : 0;
}

}  // namespace

TiffDirectory::TiffDirectory(std::string_view tiff) : tiff_(tiff), is_little_(tiff.starts_with("II")) {
  if (!is_little_ && !tiff.starts_with("MM")) return;
  const size_t directory = number(4, 4);
  entries_ = directory + 2;
  if (entries_ >= tiff.size()) return;
  count_ = std::min<size_t>(number(directory, 2), (tiff.size() - entries_) / kEntryBytes);
}

std::optional<uint32_t> TiffDirectory::value(uint32_t tag) const {
  for (size_t i = 0; i < count_; ++i) {
    const size_t entry = entries_ + kEntryBytes * i;
    if (number(entry, 2) != tag) continue;
    const size_t bytes = value_bytes(number(entry + 2, 2));
    if (bytes == 0) return std::nullopt;
    const bool is_inside = bytes * number(entry + 4, 4) <= 4;
    return number(is_inside ? entry + 8 : number(entry + 8, 4), bytes);
  }
  return std::nullopt;
}

/// Bytes beyond the end count as zeros.
uint32_t TiffDirectory::number(size_t at, size_t bytes) const {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    const size_t place = is_little_ ? at + bytes - 1 - i : at + i;
    value = value << 8 | (place < tiff_.size() ? static_cast<uint8_t>(tiff_[place]) : 0U);
  }
  return value;
}

}  // namespace digitrec
