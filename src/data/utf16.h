#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace digitrec {

/// Turns UTF-16 that comes in pieces into UTF-8.
class Utf16Decoder {
 public:
  explicit Utf16Decoder(bool is_little_endian) : is_little_endian_(is_little_endian) {}

  /// The next piece as UTF-8. What is cut in two by its end is kept for the next one; half of a pair of surrogates
  /// alone becomes U+FFFD.
  std::string decode(std::string_view bytes);

 private:
  bool is_little_endian_;
  std::string rest_;    ///< one byte of a unit, or none
  uint32_t first_ = 0;  ///< of a pair of surrogates; 0: none
};

/// Whether a text begins with UTF-16's byte-order mark.
bool has_utf16_mark(std::string_view text);

}  // namespace digitrec
