#include "data/class_numbers.h"

#include "data/byte_stream.h"
#include "data/class_names.h"
#include "digitrec/core/error.h"

#include <ATen/ops/empty_like.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
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

/// Fewer rows than this for each class that there should be may lack one by chance.
constexpr int64_t kRowsOfClass = 10;

/// The names by their labels, which the file gives, or its order says.
std::map<int64_t, std::string> names_by_label(const fs::path& path, const Dataset& dataset,
                                              const std::vector<int64_t>& found) {
  const std::vector<ClassName> lines = read_class_names(path);
  std::map<int64_t, std::string> names;
  if (lines.front().label >= 0) {
    for (const auto& [label, name] : lines) names[label] = name;
    return names;
  }
  const auto count = static_cast<int64_t>(lines.size());
  const auto classes = static_cast<int64_t>(found.size());
  const bool is_each_label = classes == count;
  const bool from_one = !found.empty() && found.front() > 0 && found.back() == count;
  // A name too many in front would shift every other. Labels with a gap, as Sign-MNIST's, want the name of the gap.
  const bool is_without_gap = classes > 0 && found.back() - found.front() + 1 == classes;
  if (is_without_gap && count > classes && dataset.size() >= kRowsOfClass * count) {
    throw Error(fmt::format("{}: {} names for the {} classes of {}; expected as many", path.string(), count, classes,
                            dataset.source),
                "or write the label before each name");
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t label = is_each_label ? found[static_cast<size_t>(i)] : i + (from_one ? 1 : 0);
    names[label] = lines[static_cast<size_t>(i)].name;
  }
  return names;
}

}  // namespace

void number_classes(Dataset& dataset) {
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
  const std::map<int64_t, std::string> names = names_by_label(path, dataset, found);
  Classes classes;
  for (const auto& [label, name] : names) {
    classes.labels.push_back(label);
    classes.names.push_back(name);
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
    if (can_be_read_again(mapping)) return mapping;
  }
  return {};
}

}  // namespace digitrec
