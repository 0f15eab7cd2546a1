#pragma once

#include <spdlog/fmt/fmt.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>

namespace digitrec {

/// What a number may be.
template <class Number>
struct Range {
  Number low;
  Number high;
  bool above_low = false;  ///< the range excludes `low` itself

  bool contains(Number value) const { return (above_low ? value > low : value >= low) && value <= high; }
  std::string text() const {
    if (above_low) return fmt::format("above {} and at most {}", low, high);
    return fmt::format("{} to {}", low, high);
  }
};

/// std::from_chars, for reals too where the standard library has it for integers alone (Apple's, before LLVM 20).
/// There, from strtod, which reads no more than from_chars but leading blanks and signs and hexadecimal digits.
template <class Number>
std::from_chars_result from_text(const char* begin, const char* end, Number& value) {
#if defined(__cpp_lib_to_chars)
  return std::from_chars(begin, end, value);
#else
  if constexpr (std::is_integral_v<Number>) {
    return std::from_chars(begin, end, value);
  } else {
    const std::string text(begin, end);
    if (text.empty() || std::isspace(static_cast<unsigned char>(text[0])) != 0 || text[0] == '+' ||
        text.find_first_of("xX") != std::string::npos) {
      return {begin, std::errc::invalid_argument};
    }
    char* stop = nullptr;
    errno = 0;
    const double number = std::strtod(text.c_str(), &stop);
    if (stop == text.c_str()) return {begin, std::errc::invalid_argument};
    const char* read = begin + (stop - text.c_str());
    if (errno == ERANGE) return {read, std::errc::result_out_of_range};
    value = static_cast<Number>(number);
    return {read, std::errc{}};
  }
#endif
}

/// Fills `field`, or gives what is wrong with the text. Takes what from_chars takes: digits alone for integers, also
/// exponents for reals. nan and inf are out of every range.
template <class Number>
std::optional<std::string> parse_number(const std::string& text, const Range<Number>& range, Number& field) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = from_text(text.data(), end, value);
  const char* kind = std::is_integral_v<Number> ? "a whole number" : "a number";
  if (stop != end || error == std::errc::invalid_argument || text.empty()) {
    return fmt::format("'{}' is not {}; expected {}", text, kind, range.text());
  }
  if (error != std::errc{} || !range.contains(value)) {
    return fmt::format("{} is out of range; expected {}", text, range.text());
  }
  field = value;
  return std::nullopt;
}

}  // namespace digitrec
