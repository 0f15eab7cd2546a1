#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace digitrec {

/// A whole number of up to 4 bytes, the lowest first. Bytes beyond the end count as zeros.
inline uint32_t little_endian(std::string_view bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) {
    value = value << 8 | (at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : 0U);
  }
  return value;
}

}  // namespace digitrec
