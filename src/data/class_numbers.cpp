#include "data/class_numbers.h"

#include "core/file.h"
#include "core/number.h"
#include "digitrec/core/error.h"

#include <ATen/ops/empty_like.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

std::vector<int64_t> distinct_labels(const Dataset& dataset) {
  std::vector<bool> is_there(static_cast<size_t>(kMaxClasses));
  const at::Tensor labels = dataset.labels.contiguous();
  for (int64_t i = 0; i < labels.numel(); ++i)
    is_there[static_cast<size_t>(labels.const_data_ptr<int64_t>()[i])] = true;
  std::vector<int64_t> distinct;
  for (size_t label = 0; label < is_there.size(); ++label) {
    if (is_there[label]) distinct.push_back(static_cast<int64_t>(label));
  }
  return distinct;
}

/// The labels, each replaced by its place in `known`, which is sorted and holds them all.
at::Tensor places(const at::Tensor& labels, const std::vector<int64_t>& known) {
  const at::Tensor dense = labels.contiguous();
  at::Tensor result = at::empty_like(dense);
  for (int64_t i = 0; i < dense.numel(); ++i) {
    const int64_t label = dense.const_data_ptr<int64_t>()[i];
    result.data_ptr<int64_t>()[i] = std::lower_bound(known.begin(), known.end(), label) - known.begin();
  }
  return result;
}

std::optional<int64_t> as_label(const std::string& word) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < 0 || value >= kMaxClasses)
    return std::nullopt;
  return value;
}

/// A line of a file of names.
struct NamedLine {
  std::string text;
  std::vector<std::string> words;
};

std::vector<NamedLine> read_lines(const fs::path& path) {
  constexpr uintmax_t kMaxBytes = 1 << 20;
  std::istringstream text(read_file(path, kMaxBytes));
  std::vector<NamedLine> lines;
  for (std::string line; std::getline(text, line);) {
    std::replace_if(line.begin(), line.end(), [](char c) { return c == '\r' || c == '\t'; }, ' ');
    std::istringstream rest(line);
    NamedLine named;
    for (std::string word; rest >> word;) named.words.push_back(word);
    if (named.words.empty()) continue;
    const size_t first = line.find_first_not_of(' ');
    named.text = line.substr(first, line.find_last_not_of(' ') - first + 1);
    lines.push_back(std::move(named));
  }
  return lines;
}

/// "1 65 97": a label with the codes of the characters that it stands for.
bool is_mapping(const NamedLine& line) {
  return line.words.size() >= 2 && std::all_of(line.words.begin(), line.words.end(),
                                               [](const std::string& word) { return as_label(word).has_value(); });
}

std::map<int64_t, std::string> labels_with_names(const std::vector<NamedLine>& lines) {
  const bool are_codes = std::all_of(lines.begin(), lines.end(), is_mapping) &&
                         std::all_of(lines.begin(), lines.end(), [](const NamedLine& line) {
                           const int64_t code = *as_label(line.words[1]);
                           return code > ' ' && code < 127;
                         });
  std::map<int64_t, std::string> names;
  for (const NamedLine& line : lines) {
    const std::string name = are_codes ? std::string(1, static_cast<char>(*as_label(line.words[1])))
                                       : line.text.substr(line.text.find(' ') + 1);
    names[*as_label(line.words[0])] = name;
  }
  return names;
}

/// The names by their labels, which the lines hold, or their order says.
std::map<int64_t, std::string> read_names(const fs::path& path, const std::vector<int64_t>& found) {
  const std::vector<NamedLine> lines = read_lines(path);
  if (lines.empty()) throw Error(fmt::format("{}: holds no names; expected one a line", path.string()));
  if (lines.size() > static_cast<size_t>(kMaxClasses))
    throw Error(fmt::format("{}: {} lines; expected the names of at most {} classes", path.string(), lines.size(),
                            kMaxClasses));
  const bool have_labels = std::all_of(lines.begin(), lines.end(), [](const NamedLine& line) {
    return line.words.size() >= 2 && as_label(line.words[0]).has_value();
  });
  if (have_labels) return labels_with_names(lines);
  const auto count = static_cast<int64_t>(lines.size());
  const bool is_each_label = !found.empty() && static_cast<int64_t>(found.size()) == count;
  const bool from_one = !found.empty() && found.front() > 0 && found.back() == count;
  std::map<int64_t, std::string> names;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t label = is_each_label ? found[static_cast<size_t>(i)] : i + (from_one ? 1 : 0);
    names[label] = lines[static_cast<size_t>(i)].text;
  }
  return names;
}

}  // namespace

void number_classes(Dataset& dataset) {
  constexpr int64_t kRowsOfClass = 10;
  if (!dataset.has_labels() || dataset.classes != Classes{}) return;
  const std::vector<int64_t> labels = distinct_labels(dataset);
  const int64_t wanted = labels.back() + 1;
  if (static_cast<int64_t>(labels.size()) == wanted || dataset.size() < kRowsOfClass * wanted) return;
  dataset.labels = places(dataset.labels, labels);
  dataset.classes.labels = labels;
  add_reading(dataset, fmt::format("{} classes, labelled {} to {}", labels.size(), labels.front(), labels.back()));
}

void name_classes(Dataset& dataset, const fs::path& path) {
  const std::vector<int64_t> found =
      dataset.has_labels() && dataset.classes.names.empty() ? distinct_labels(dataset) : std::vector<int64_t>{};
  const std::map<int64_t, std::string> names = read_names(path, found);
  Classes classes;
  std::set<std::string> distinct;
  for (const auto& [label, name] : names) {
    classes.labels.push_back(label);
    classes.names.push_back(name);
    if (!distinct.insert(name).second)
      throw Error(fmt::format("{}: two classes are named '{}'; expected another name for each", path.string(), name));
  }
  if (!dataset.classes.names.empty()) {
    if (dataset.classes.names.size() != classes.names.size())
      throw Error(fmt::format("{}: {} names for the {} classes of {}", path.string(), classes.names.size(),
                              dataset.classes.names.size(), dataset.source));
    dataset.classes.names = classes.names;
    return;
  }
  for (const int64_t label : found) {
    if (!names.contains(label))
      throw Error(fmt::format("{}: {} names for the {} classes of {}; none for label {}", path.string(), names.size(),
                              found.size(), dataset.source, label));
  }
  if (dataset.has_labels()) dataset.labels = places(dataset.labels, classes.labels);
  dataset.classes = std::move(classes);
}

fs::path find_mapping(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const char* part : {"-train", "-test"}) {
    const size_t end = name.find(part);
    if (end == std::string::npos || end == 0) continue;
    const fs::path mapping = file.parent_path() / (name.substr(0, end) + "-mapping.txt");
    if (fs::is_regular_file(mapping)) return mapping;
  }
  return {};
}

}  // namespace digitrec
