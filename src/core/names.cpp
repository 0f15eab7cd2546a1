#include "core/names.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace digitrec {
namespace {

/// Edits that turn `a` into `b`: a letter inserted, deleted or replaced, or two neighbours swapped (optimal string
/// alignment; Boytsov 2011).
size_t edit_distance(std::string_view a, std::string_view b) {
  const size_t width = b.size() + 1;
  std::vector<size_t> cells((a.size() + 1) * width);
  const auto at = [&](size_t i, size_t j) -> size_t& { return cells[i * width + j]; };
  for (size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
  for (size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({replaced, at(i - 1, j) + 1, at(i, j - 1) + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(a.size(), b.size());
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

std::string nearest_name(std::string_view word, std::span<const std::string> candidates) {
  // Bounds the work: so long a word is not a misspelling of a candidate.
  if (word.size() > 64) return {};
  std::string best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(lower_case(word), lower_case(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggest_name(std::string_view word, std::span<const std::string> candidates) {
  const std::string nearest = nearest_name(word, candidates);
  if (!nearest.empty()) return "; did you mean '" + nearest + "'?";
  return "; expected one of " + join(candidates);
}

size_t find_name(std::string_view what, const std::string& word, std::span<const std::string> names) {
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end()) throw UsageError(fmt::format("unknown {} '{}'{}", what, word, suggest_name(word, names)));
  return static_cast<size_t>(found - names.begin());
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string shell_word(std::string_view word) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) != 0 ||
           std::string_view("_-./,:+@%=").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

std::string join_first(std::vector<std::string> first, size_t count) {
  if (count > first.size()) first.push_back(fmt::format("{} more", count - first.size()));
  return join(first);
}

size_t size_of_format_character(std::string_view text) {
  if (text.starts_with("\u061C")) return 2;
  if (text.size() < 3) return 0;
  const std::string_view one = text.substr(0, 3);
  const auto is_in = [&](std::string_view first, std::string_view last) { return first <= one && one <= last; };
  // U+2028 to U+202E, of which those that turn the direction of writing may not stand in a source.
  const bool turns = one.starts_with("\xE2\x80") && one[2] >= '\xA8' && one[2] <= '\xAE';
  const bool is_format =
      is_in("\u200B", "\u200F") || turns || is_in("\u2060", "\u206F") || one == "\uFEFF" || is_in("\uFFF9", "\uFFFB");
  return is_format ? 3 : 0;
}

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < name.size(); ++i) {
    const bool is_letter = is_lower(name[i]) || is_upper(name[i]);
    const bool begins_word = is_upper(name[i]) && i > 0 && is_lower(name[i - 1]);
    if (begins_word || (!is_letter && !words.back().empty())) words.emplace_back();
    if (is_letter) words.back() += static_cast<char>(name[i] | 0x20);
  }
  return words;
}

}  // namespace digitrec
