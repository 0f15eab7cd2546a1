#pragma once

#include <spdlog/fmt/fmt.h>

#include <charconv>
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

/// Fills `field`, or gives what is wrong with the text. Takes what from_chars takes: digits alone for integers, also
/// exponents for reals. nan and inf are out of every range.
template <class Number>
std::optional<std::string> parse_number(const std::string& text, const Range<Number>& range, Number& field) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
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
