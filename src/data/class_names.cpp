#include "data/class_names.h"

#include "core/file.h"
#include "core/names.h"
#include "data/archive.h"
#include "data/byte_stream.h"
#include "data/csv_text.h"
#include "data/utf16.h"
#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

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

/// The text as UTF-8 without a byte-order mark, where one says that it is UTF-16 (as of Windows' Notepad) or UTF-8.
std::string as_utf8(const std::string& bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return bytes.substr(3);
  if (!has_utf16_mark(bytes)) return bytes;
  return Utf16Decoder(bytes.front() == '\xFF').decode(std::string_view(bytes).substr(2));
}

std::optional<int64_t> as_label(std::string_view word) {
  word = unquoted(trimmed(word));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < 0 || value >= kMaxClasses)
    return std::nullopt;
  return value;
}

/// The file's text, also of one that lies in an archive.
std::string read_text(const fs::path& path) {
  constexpr size_t kMaxBytes = 1 << 20;
  return as_utf8(split_archive_path(path) ? read_beginning(path, kMaxBytes) : read_file(path, kMaxBytes));
}

std::vector<std::string> lines_of(std::string text) {
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

/// All names on one line, with commas between them.
std::vector<std::string> names_of_line(const std::string& line) {
  std::vector<std::string> names;
  for (Fields fields(line, ','); !fields.at_end();) names.emplace_back(fields.next());
  return names;
}

[[noreturn]] void refuse_json(const fs::path& path) {
  throw Error(
      fmt::format("{}: JSON without names of classes; expected a list of names, or labels with names", path.string()),
      "[\"shirt\", \"bag\"] or {\"0\": \"shirt\", \"1\": \"bag\"}");
}

/// A list of names; an object of a name for each label, or of a label for each name as Keras' class_indices; or one
/// that has this as its "id2label", as Hugging Face's config.json.
std::vector<ClassName> names_of_json(const fs::path& path, const std::string& text) {
  using Json = nlohmann::ordered_json;
  const Json whole = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const Json& json = whole.is_object() && whole.contains("id2label") ? whole["id2label"] : whole;
  if (!json.is_array() && !json.is_object()) refuse_json(path);
  std::vector<ClassName> names;
  for (const auto& [key, value] : json.items()) {
    const std::string text_of_value = value.is_string()           ? value.get<std::string>()
                                      : value.is_number_integer() ? value.dump()
                                                                  : "";
    const std::optional<int64_t> label = json.is_array() ? std::nullopt : as_label(key);
    if (label || json.is_array()) {
      if (!value.is_string()) refuse_json(path);
      names.push_back({label.value_or(-1), text_of_value});
    } else {
      const std::optional<int64_t> behind = as_label(text_of_value);
      if (!behind) refuse_json(path);
      names.push_back({*behind, key});
    }
  }
  return names;
}

/// Throws Error where two classes have one name, or one has two.
void require_distinct(const fs::path& path, const std::vector<ClassName>& names) {
  std::set<std::string> distinct;
  std::set<int64_t> labels;
  for (const auto& [label, name] : names) {
    if (!distinct.insert(name).second)
      throw Error(fmt::format("{}: two classes are named '{}'; expected another name for each", path.string(), name));
    if (label >= 0 && !labels.insert(label).second)
      throw Error(fmt::format("{}: label {} has two names; expected one", path.string(), label));
  }
}

bool is_header(const std::string& line) {
  constexpr std::array<std::string_view, 7> kNames{"name",  "names",     "label",     "labels",
                                                   "class", "classname", "class_name"};
  const std::string word = lower_case(unquoted(line));
  return std::find(kNames.begin(), kNames.end(), word) != kNames.end();
}

}  // namespace

std::vector<ClassName> read_class_names(const fs::path& path) {
  const std::string text = read_text(path);
  const size_t start = text.find_first_not_of(" \t\r\n");
  const bool is_json = start != std::string::npos && (text[start] == '[' || text[start] == '{');
  std::vector<std::string> lines = lines_of(text);
  if (lines.size() > 1 && is_header(lines.front())) lines.erase(lines.begin());
  std::vector<ClassName> names = is_json ? names_of_json(path, text) : labels_and_names(lines);
  if (names.empty() && lines.size() == 1) lines = names_of_line(lines.front());
  if (names.empty() && !is_json) {
    for (const std::string& line : lines) names.push_back({-1, unescaped(line)});
  }
  if (names.empty()) throw Error(fmt::format("{}: holds no names; expected one a line", path.string()));
  if (names.size() > static_cast<size_t>(kMaxClasses))
    throw Error(fmt::format("{}: {} lines; expected the names of at most {} classes", path.string(), names.size(),
                            kMaxClasses));
  require_distinct(path, names);
  return names;
}

}  // namespace digitrec
