#include "data/csv_text.h"

namespace digitrec {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view unquoted(std::string_view text) {
  const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

std::string shown(std::string_view field) {
  std::string text;
  for (const char c : field.substr(0, 24)) text += (c >= ' ' && c < 127) ? c : '?';
  if (field.size() > 24) text += "...";
  return text;
}

}  // namespace digitrec
