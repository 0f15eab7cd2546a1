#include "data/class_names.h"

#include "core/file.h"
#include "core/names.h"
#include "data/csv_text.h"
#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

std::string utf8(uint32_t code) {
  const auto byte = [&](uint32_t mark, int shift, uint32_t mask) {
    return static_cast<char>(mark | ((code >> shift) & mask));
  };
  if (code < 0x80) return {byte(0, 0, 0x7F)};
  if (code < 0x800) return {byte(0xC0, 6, 0x1F), byte(0x80, 0, 0x3F)};
  if (code < 0x10000) return {byte(0xE0, 12, 0x0F), byte(0x80, 6, 0x3F), byte(0x80, 0, 0x3F)};
  return {byte(0xF0, 18, 0x07), byte(0x80, 12, 0x3F), byte(0x80, 6, 0x3F), byte(0x80, 0, 0x3F)};
}

/// The text as UTF-8 without a byte-order mark, where one says that it is UTF-16 (as of Windows' Notepad) or UTF-8.
std::string as_utf8(std::string bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return bytes.substr(3);
  const bool is_little = bytes.starts_with("\xFF\xFE");
  if (!is_little && !bytes.starts_with("\xFE\xFF")) return bytes;
  const auto unit = [&](size_t i) -> uint32_t {
    const auto low = static_cast<unsigned char>(bytes[is_little ? i : i + 1]);
    const auto high = static_cast<unsigned char>(bytes[is_little ? i + 1 : i]);
    return low + 256U * high;
  };
  std::string text;
  for (size_t i = 2; i + 1 < bytes.size(); i += 2) {
    uint32_t code = unit(i);
    const bool is_first_of_two = code >= 0xD800 && code < 0xDC00 && i + 3 < bytes.size();
    if (is_first_of_two) code = 0x10000 + ((code - 0xD800) << 10) + ((unit(i += 2) - 0xDC00) & 0x3FF);
    text += utf8(code);
  }
  return text;
}

std::optional<int64_t> as_label(std::string_view word) {
  word = unquoted(trimmed(word));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < 0 || value >= kMaxClasses)
    return std::nullopt;
  return value;
}

std::vector<std::string> read_lines(const fs::path& path) {
  constexpr uintmax_t kMaxBytes = 1 << 20;
  std::string text = as_utf8(read_file(path, kMaxBytes));
  std::replace(text.begin(), text.end(), '\r', '\n');  // blank lines, where both end one
  std::vector<std::string> lines;
  std::istringstream rest(text);
  for (std::string line; std::getline(rest, line);) {
    if (!trimmed(line).empty()) lines.emplace_back(trimmed(line));
  }
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream rest(line);
  std::vector<std::string> words;
  for (std::string word; rest >> word;) words.push_back(word);
  return words;
}

/// "1 65 97": a label with the codes of the characters that it stands for.
bool is_mapping(const std::string& line) {
  const std::vector<std::string> words = words_of(line);
  if (words.size() < 2) return false;
  const int64_t code = as_label(words[1]).value_or(0);
  return code > ' ' && code < 127 &&
         std::all_of(words.begin(), words.end(), [](const std::string& word) { return as_label(word).has_value(); });
}

/// A line cut at `at`, where `separator` stands; nullopt where no label is before it, or behind it by `is_behind`.
std::optional<ClassName> cut(const std::string& line, size_t at, bool is_behind) {
  if (at == std::string::npos) return std::nullopt;
  const std::string_view before = trimmed(std::string_view(line).substr(0, at));
  const std::string_view behind = trimmed(std::string_view(line).substr(at + 1));
  const std::optional<int64_t> label = as_label(is_behind ? behind : before);
  const std::string_view name = is_behind ? before : behind;
  if (!label || name.empty()) return std::nullopt;
  return ClassName{*label, unescaped(name)};
}

/// The lines that hold a label and a name with `separator` between them, in this order or, by `is_behind`, the other.
std::vector<std::optional<ClassName>> cut_all(const std::vector<std::string>& lines, char separator, bool is_behind) {
  std::vector<std::optional<ClassName>> found;
  for (const std::string& line : lines)
    found.push_back(cut(line, is_behind ? line.rfind(separator) : line.find(separator), is_behind));
  return found;
}

/// The lines as labels and names, if all are: but for a first one that is a header with the same separator.
std::vector<ClassName> labels_and_names(const std::vector<std::string>& lines) {
  if (std::all_of(lines.begin(), lines.end(), is_mapping)) {
    std::vector<ClassName> names;
    for (const std::string& line : lines) {
      const std::vector<std::string> words = words_of(line);
      names.push_back({*as_label(words[0]), std::string(1, static_cast<char>(*as_label(words[1])))});
    }
    return names;
  }
  // "class 2" is a name: no label stands behind a blank.
  constexpr std::array<std::pair<char, bool>, 11> kWays{{{'\t', false},
                                                         {',', false},
                                                         {';', false},
                                                         {':', false},
                                                         {'=', false},
                                                         {' ', false},
                                                         {'\t', true},
                                                         {',', true},
                                                         {';', true},
                                                         {':', true},
                                                         {'=', true}}};
  for (const auto& [separator, is_behind] : kWays) {
    const std::vector<std::optional<ClassName>> found = cut_all(lines, separator, is_behind);
    const bool has_header = lines.size() > 2 && !found.front() && lines.front().find(separator) != std::string::npos;
    std::vector<ClassName> names;
    for (size_t i = has_header ? 1 : 0; i < found.size() && found[i]; ++i) names.push_back(*found[i]);
    if (names.size() + (has_header ? 1 : 0) == lines.size()) return names;
  }
  return {};
}

bool is_header(const std::string& line) {
  constexpr std::array<std::string_view, 7> kNames{"name",  "names",     "label",     "labels",
                                                   "class", "classname", "class_name"};
  const std::string word = lower_case(unquoted(line));
  return std::find(kNames.begin(), kNames.end(), word) != kNames.end();
}

}  // namespace

std::vector<ClassName> read_class_names(const fs::path& path) {
  std::vector<std::string> lines = read_lines(path);
  if (lines.size() > 1 && is_header(lines.front())) lines.erase(lines.begin());
  if (lines.empty()) throw Error(fmt::format("{}: holds no names; expected one a line", path.string()));
  std::vector<ClassName> names = labels_and_names(lines);
  if (names.empty()) {
    for (const std::string& line : lines) names.push_back({-1, unescaped(line)});
  }
  if (names.size() > static_cast<size_t>(kMaxClasses))
    throw Error(fmt::format("{}: {} lines; expected the names of at most {} classes", path.string(), names.size(),
                            kMaxClasses));
  std::set<std::string> distinct;
  std::set<int64_t> labels;
  for (const auto& [label, name] : names) {
    if (!distinct.insert(name).second)
      throw Error(fmt::format("{}: two classes are named '{}'; expected another name for each", path.string(), name));
    if (label >= 0 && !labels.insert(label).second)
      throw Error(fmt::format("{}: label {} has two names; expected one", path.string(), label));
  }
  return names;
}

}  // namespace digitrec
