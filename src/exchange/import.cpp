#include "exchange/import.h"

#include "checkpoint/contents.h"
#include "core/names.h"
#include "data/class_names.h"
#include "exchange/weights.h"

#include <ATen/core/grad_mode.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// What the file says of its network, where digitrec wrote it first, or what `options` do.
CheckpointInfo info_of(const fs::path& path, const Weights& weights, const ImportOptions& options) {
  const bool has_info = weights.metadata.contains("preset");
  if (!has_info && options.model.empty()) {
    throw UsageError(fmt::format("{}: does not say of which model its weights are", path.string()),
                     "name it with `model`; digitrec models lists them");
  }
  if (!has_info) return {.preset = find_preset(options.model).name};
  CheckpointInfo info = checkpoint_info(path, {.tensors = {}, .metadata = weights.metadata});
  if (!options.model.empty() && find_preset(options.model).name != info.preset) {
    throw UsageError(fmt::format("`model` {}: {} says that it is a {}", options.model, path.string(), info.preset),
                     "leave it out");
  }
  if (!weights.has_checksum) info.metrics.clear();  // of the weights that it had when they were measured
  return info;
}

/// The numbers of classes that the last layer of one of the file may have, which is one with as many inputs as ours;
/// the likeliest first.
std::vector<int64_t> class_counts(const CheckpointInfo& info, const Weights& weights) {
  const std::vector<at::Tensor> parameters = build_model(info.preset, info.shape)->parameters();
  const int64_t inputs = parameters[parameters.size() - 2].size(1);
  std::vector<int64_t> counts{info.shape.classes};
  for (const auto& [name, tensor] : weights.tensors) {
    if (tensor.dim() != 2 || tensor.size(1) != inputs || tensor.size(0) < 1 || tensor.size(0) > kMaxClasses) continue;
    if (std::find(counts.begin(), counts.end(), tensor.size(0)) == counts.end()) counts.push_back(tensor.size(0));
  }
  return counts;
}

/// "2 missing (conv1.bias, fc1.bias)": the pairs that are of that kind; empty where none is.
std::string describe(const Mapping& mapping, Fit fit, const std::string& kind) {
  constexpr size_t kShown = 3;
  std::vector<std::string> names;
  for (const auto& [found, ours, theirs] : mapping.pairs) {
    if (found == fit) names.push_back(ours.tensor.defined() ? ours.name : theirs.name);
  }
  const size_t count = names.size();
  if (names.size() > kShown) names.resize(kShown);
  return count == 0 ? "" : fmt::format("{} {} ({})", count, kind, join_first(names, count));
}

[[noreturn]] void refuse(const fs::path& path, const std::string& preset, Mapping mapping) {
  if (!mapping.ambiguity.empty()) {
    const std::string message =
        fmt::format("{}: {}, and a safetensors file keeps no order", path.string(), mapping.ambiguity);
    throw UnfitWeights(message,
                       "save it with torch.save(model.state_dict(), FILE), or name its layers as " + preset + " does",
                       std::move(mapping));
  }
  std::vector<std::string> parts;
  for (const auto& [fit, kind] : {std::pair{Fit::missing, "missing"}, std::pair{Fit::misshapen, "of another shape"},
                                  std::pair{Fit::extra, "too many"}}) {
    if (std::string part = describe(mapping, fit, kind); !part.empty()) parts.push_back(std::move(part));
  }
  throw UnfitWeights(fmt::format("{}: not the tensors of {}: {}", path.string(), preset, join(parts)),
                     "digitrec models lists the layers of each", std::move(mapping));
}

/// Copies the file's values into the network's tensors.
void copy_values(const fs::path& path, const Mapping& mapping) {
  at::NoGradGuard no_grad;
  for (const auto& [fit, ours, theirs] : mapping.pairs) {
    ours.tensor.copy_(theirs.tensor);
    if (!ours.tensor.isfinite().all().item<bool>())
      throw Error(fmt::format("{}: its tensor '{}' has values that are not finite", path.string(), theirs.name));
  }
}

Classes read_classes(const fs::path& file, int64_t count) {
  std::vector<ClassName> lines = read_class_names(file);
  if (static_cast<int64_t>(lines.size()) != count)
    throw Error(fmt::format("{}: {} names for the network's {} classes", file.string(), lines.size(), count));
  std::stable_sort(lines.begin(), lines.end(),
                   [](const ClassName& a, const ClassName& b) { return a.label < b.label; });
  Classes classes;
  for (const auto& [label, name] : lines) {
    classes.labels.push_back(label < 0 ? static_cast<int64_t>(classes.labels.size()) : label);
    classes.names.push_back(name);
  }
  return classes;
}

/// Pixels and classes, as far as the file or the options tell.
void complete_info(CheckpointInfo& info, const fs::path& path, const Weights& weights, const ImportOptions& options,
                   std::vector<std::string>& doubts) {
  if (options.normalization) {
    info.normalization = *options.normalization;
  } else if (!weights.metadata.contains("preset")) {
    doubts.push_back(
        fmt::format("{}: does not say how pixels are normalised: taken to be as MNIST's ({}, {}); `normalize` "
                    "says otherwise",
                    path.string(), info.normalization.mean, info.normalization.deviation));
  }
  if (!options.class_names.empty()) info.classes = read_classes(options.class_names, info.shape.classes);
}

}  // namespace

Imported import_weights(const fs::path& path, const ImportOptions& options) {
  constexpr size_t kMaxTensors = 4096;
  const Weights weights = read_weights(path);
  if (weights.tensors.size() > kMaxTensors)
    throw Error(fmt::format("{}: holds {} tensors; no preset has so many", path.string(), weights.tensors.size()));
  Imported imported;
  CheckpointInfo& info = imported.network.info;
  info = info_of(path, weights, options);
  const int64_t classes = info.shape.classes;
  int64_t best = -1;
  for (const int64_t count : class_counts(info, weights)) {
    ModelShape shape = info.shape;
    shape.classes = count;
    const auto network = build_model(info.preset, shape);
    Mapping mapping = map_tensors(*network, weights.tensors, weights.is_in_order);
    const int64_t fit = mapping.count(Fit::fits);
    if (fit <= best) continue;
    best = fit;
    info.shape = shape;
    imported.network.model = network;
    imported.mapping = std::move(mapping);
  }
  if (!imported.mapping.fits()) refuse(path, info.preset, std::move(imported.mapping));
  if (info.shape.classes != classes) info.classes = {};
  if (!weights.doubt.empty()) imported.doubts.push_back(weights.doubt);
  complete_info(info, path, weights, options, imported.doubts);
  copy_values(path, imported.mapping);
  imported.network.model->eval();
  return imported;
}

}  // namespace digitrec
