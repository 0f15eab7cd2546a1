#include "data/csv_text.h"

#include "core/names.h"
#include "core/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace digitrec {

namespace {

/// +5 is 5, which the standard library does not read.
std::string_view without_plus(std::string_view text) {
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+';
  return has_plus ? text.substr(1) : text;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view unquoted(std::string_view text) {
  const bool is_quoted =
      text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

std::string unescaped(std::string_view field) {
  const std::string_view inner = unquoted(field);
  if (inner.size() == field.size() || field.front() != '"') return std::string(field);
  std::string text;
  for (size_t i = 0; i < inner.size(); ++i) {
    text += inner[i];
    if (inner.substr(i, 2) == "\"\"") ++i;
  }
  return text;
}

bool parse_real(std::string_view text, double& value) {
  text = without_plus(text);
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [stop, error] = from_text(begin, end, value);
  if (error != std::errc{}) return false;
  if (stop == end) return true;
  if (*stop != ',' || text.find(',', static_cast<size_t>(stop - begin) + 1) != std::string_view::npos) return false;
  std::string with_point(text);
  with_point[static_cast<size_t>(stop - begin)] = '.';
  return parse_real(with_point, value);
}

bool parse_whole(std::string_view text, int64_t& value) {
  text = without_plus(text);
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error == std::errc{} && stop == end) return true;
  constexpr double kExact = 9007199254740992;  // 2^53: up to here reals hold every whole number
  double real = 0;
  if (!parse_real(text, real) || real != std::floor(real) || std::abs(real) > kExact) return false;
  value = static_cast<int64_t>(real);
  return true;
}

namespace {

/// Bytes of the character of UTF-8 at the beginning of a text; 1 where there is none, or a control character.
size_t size_of_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t size = byte(0) < 0xC3 ? (byte(0) == 0xC2 ? 2 : 1) : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (byte(0) > 0xF4 || size > text.size()) return 1;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 1;
  }
  return byte(0) == 0xC2 && byte(1) < 0xA0 ? 1 : size;
}

}  // namespace

std::string shown(std::string_view field) {
  std::string text;
  constexpr size_t kLongest = 24;  // characters
  size_t count = 0;
  size_t i = 0;
  for (; i < field.size() && count < kLongest; ++count) {
    const size_t size = size_of_character(field.substr(i));
    const bool is_seen = size_of_format_character(field.substr(i)) == 0;
    text += (is_seen && size > 1) || (field[i] >= ' ' && field[i] < 127) ? field.substr(i, size) : "?";
    i += size;
  }
  if (i < field.size()) text += "...";
  return text;
}

namespace {

/// Where the field at the beginning of `text` ends: at the separator, or with the text. A separator between quotes is
/// none.
size_t end_of_field(std::string_view text, char separator) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos || text[first] != '"') return std::min(text.find(separator), text.size());
  for (size_t i = first + 1; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    if (i + 1 < text.size() && text[i + 1] == '"') {
      ++i;  // a quote of the field's own
      continue;
    }
    return std::min(text.find(separator, i), text.size());
  }
  return std::min(text.find(separator), text.size());  // never closed: whoever reads the field will say so
}

}  // namespace

char find_separator(std::string_view line) {
  constexpr std::string_view kSeparators = ";\t|";
  std::array<size_t, kSeparators.size()> counts{};
  size_t commas = 0;
  size_t words = 0;
  char before = ' ';
  bool is_quoted = false;
  for (const char c : line) {
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    commas += c == ',' ? 1 : 0;
    if (const size_t which = kSeparators.find(c); which != std::string_view::npos) ++counts[which];
    words += before == ' ' && c != ' ' ? 1 : 0;
    before = c;
  }
  const auto which = static_cast<size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  const size_t most = counts[which];
  // n numbers with a decimal comma each have n - 1 separators between them.
  if (most > commas || (most > 1 && most + 1 >= commas)) return kSeparators[which];
  return commas == 0 && words > 3 ? ' ' : ',';
}

Fields::Fields(std::string_view line, char separator)
    : rest_(separator == ' ' ? trimmed(line) : line), separator_(separator) {}

bool Fields::take_number(int64_t max, int64_t& value) {
  value = 0;
  size_t i = 0;
  for (; i < 3 && i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9'; ++i) value = value * 10 + (rest_[i] - '0');
  if (i == 0 || value > max || i >= rest_.size() || rest_[i] != separator_ || separator_ == ' ') return false;
  rest_.remove_prefix(i + 1);
  return true;
}

std::string_view Fields::next() {
  const size_t end = end_of_field(rest_, separator_);
  const std::string_view field = rest_.substr(0, end);
  at_end_ = end == rest_.size();
  rest_.remove_prefix(at_end_ ? end : end + 1);
  if (separator_ == ' ') rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_not_of(' ')));
  return trimmed(field);
}

}  // namespace digitrec
