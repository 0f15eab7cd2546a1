#include "digitrec/checkpoint/checkpoint.h"

#include "checkpoint/contents.h"
#include "checkpoint/json.h"
#include "checkpoint/load_or_previous.h"
#include "checkpoint/safetensors.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// Training gives temperatures of 0.05 to 20.
constexpr Range<double> kTemperatures{0.01, 100};

[[noreturn]] void refuse(const fs::path& path, const std::string& what, std::string hint = "") {
  throw Error(fmt::format("{}: {}; expected a checkpoint that digitrec train wrote", path.string(), what),
              std::move(hint));
}

std::string require_key(const fs::path& path, const SafeTensors& contents, const std::string& key) {
  const auto found = contents.metadata.find(key);
  if (found == contents.metadata.end()) refuse(path, fmt::format("its metadata lacks '{}'", key));
  return found->second;
}

nlohmann::json parse_key(const fs::path& path, const SafeTensors& contents, const std::string& key) {
  const JsonWithoutTwins json = parse_json_without_twins(require_key(path, contents, key));
  if (!json.twin.empty()) refuse(path, fmt::format("its metadata '{}' names '{}' twice", key, json.twin));
  if (json.value.is_discarded()) refuse(path, fmt::format("its metadata '{}' is not JSON", key));
  return json.value;
}

int64_t require_integer(const fs::path& path, const SafeTensors& contents, const std::string& key, int64_t limit) {
  const nlohmann::json value = parse_key(path, contents, key);
  if (!value.is_number_integer() || value.get<int64_t>() < 1 || value.get<int64_t>() > limit) {
    refuse(path, fmt::format("its metadata '{}' is not a whole number 1 to {}", key, limit));
  }
  return value.get<int64_t>();
}

/// Files have the names of the classes only where they are not 0, 1, 2, ...
Classes parse_classes(const fs::path& path, const SafeTensors& contents, int64_t count) {
  constexpr size_t kMaxName = 256;
  Classes classes;
  const auto list = [&](const char* key) {
    const nlohmann::json value =
        contents.metadata.contains(key) ? parse_key(path, contents, key) : nlohmann::json::array();
    const bool fits = value.is_array() && (value.empty() || static_cast<int64_t>(value.size()) == count);
    if (!fits) refuse(path, fmt::format("its metadata '{}' is not a list of {}", key, count));
    return value;
  };
  for (const nlohmann::json& label : list("class_labels")) {
    if (!label.is_number_integer() || label < 0 || label >= kMaxClasses)
      refuse(path, fmt::format("its metadata 'class_labels' has a label that is none of 0 to {}", kMaxClasses - 1));
    classes.labels.push_back(label.get<int64_t>());
  }
  for (const nlohmann::json& name : list("class_names")) {
    if (!name.is_string() || name.get<std::string>().size() > kMaxName)
      refuse(path, fmt::format("its metadata 'class_names' has a name that is no text of up to {} bytes", kMaxName));
    classes.names.push_back(name.get<std::string>());
  }
  return classes;
}

}  // namespace

CheckpointInfo checkpoint_info(const fs::path& path, const SafeTensors& contents) {
  CheckpointInfo info;
  info.preset = require_key(path, contents, "preset");
  if (nearest_name(info.preset, preset_names()) != info.preset) {
    refuse(path, fmt::format("its preset '{}' is unknown", info.preset));
  }
  info.shape.classes = require_integer(path, contents, "classes", kMaxClasses);
  info.shape.image_size = require_integer(path, contents, "image_size", kMaxImageSize);
  const nlohmann::json normalization = parse_key(path, contents, "normalization");
  if (!normalization.is_object() || !normalization.value("mean", nlohmann::json()).is_number() ||
      !normalization.value("deviation", nlohmann::json()).is_number()) {
    refuse(path, "its metadata 'normalization' lacks mean or deviation");
  }
  info.normalization = {normalization["mean"].get<double>(), normalization["deviation"].get<double>()};
  if (!kMeans.contains(info.normalization.mean) || !kDeviations.contains(info.normalization.deviation)) {
    refuse(path, fmt::format("its normalization is out of range, mean {} to {} and deviation {} to {}", kMeans.low,
                             kMeans.high, kDeviations.low, kDeviations.high));
  }
  const nlohmann::json temperature = parse_key(path, contents, "temperature");
  if (!temperature.is_number() || !kTemperatures.contains(temperature.get<double>())) {
    refuse(path,
           fmt::format("its metadata 'temperature' is not a number {} to {}", kTemperatures.low, kTemperatures.high));
  }
  info.temperature = temperature.get<double>();
  if (contents.metadata.contains("data")) info.data = contents.metadata.at("data");
  if (contents.metadata.contains("settings")) info.settings = contents.metadata.at("settings");
  const nlohmann::json metrics = parse_key(path, contents, "metrics");
  for (const auto& [name, value] : metrics.items()) {
    if (value.is_number()) info.metrics[name] = value.get<double>();
  }
  info.version = require_key(path, contents, "digitrec");
  info.classes = parse_classes(path, contents, info.shape.classes);
  const auto framing = contents.metadata.find("framing");
  if (framing != contents.metadata.end() && framing->second == "none") info.framing = Framing::none;
  info.transpose = contents.metadata.contains("transpose");
  return info;
}

namespace {

/// Whether the network has the file's tensors, by names and shapes.
bool has_same_tensors(const Classifier& model, const SafeTensors& contents) {
  const auto state = network_state(model);
  return state.size() == contents.tensors.size() && std::all_of(state.begin(), state.end(), [&](const auto& tensor) {
           const auto found = contents.tensors.find(tensor.first);
           return found != contents.tensors.end() && found->second.sizes() == tensor.second.sizes();
         });
}

/// How many classes the file's network has, should it be of this preset: as many as its last layer has biases.
int64_t count_classes(const std::string& preset, const SafeTensors& contents) {
  const auto found = contents.tensors.find(build_model(preset, {})->named_parameters().back().name);
  const bool is_bias = found != contents.tensors.end() && found->second.dim() == 1;
  return is_bias && found->second.numel() <= kMaxClasses ? found->second.numel() : 0;
}

/// Of a file without metadata, which is what Python's save_file(load_file(...)) leaves. The pixels are taken to be
/// normalised as MNIST's, from which those of other sets of handwritten digits hardly differ.
CheckpointInfo guess_info(const fs::path& path, const SafeTensors& contents) {
  for (const std::string& preset : preset_names()) {
    const ModelShape shape{.classes = count_classes(preset, contents)};
    if (shape.classes > 0 && has_same_tensors(*build_model(preset, shape), contents))
      return {.preset = preset, .shape = shape};
  }
  refuse(path, "it has no metadata, and its tensors are those of no preset");
}

/// Whether only the checksum is missing. Where a bit of its name was flipped, there is a key that digitrec never wrote.
bool has_known_keys(const SafeTensors& contents) {
  constexpr std::array kKeys{"class_labels", "class_names", "classes",     "data",     "digitrec",
                             "format",       "framing",     "image_size",  "metrics",  "normalization",
                             "preset",       "settings",    "temperature", "transpose"};
  return std::all_of(contents.metadata.begin(), contents.metadata.end(), [&](const auto& entry) {
    return std::find(kKeys.begin(), kKeys.end(), entry.first) != kKeys.end();
  });
}

/// What the file says of its network, and in `doubt` what it does not.
CheckpointInfo read_info(const fs::path& path, const SafeTensors& contents, std::string& doubt) {
  if (contents.has_checksum) return checkpoint_info(path, contents);
  if (contents.metadata.contains("preset")) {
    if (!has_known_keys(contents)) refuse(path, "it has no checksum; another program wrote it, or it is damaged");
    doubt = fmt::format("{}: another program saved it: no checksum could be checked", path.string());
    return checkpoint_info(path, contents);
  }
  CheckpointInfo info = guess_info(path, contents);
  doubt = fmt::format(
      "{}: no metadata: taken for {} of MNIST's digits (mean {}, deviation {}); no checksum could be checked",
      path.string(), info.preset, info.normalization.mean, info.normalization.deviation);
  return info;
}

/// Copies the file's tensors into the network's. Throws Error unless names, shapes and types are the same.
void load_state(const fs::path& path, const SafeTensors& contents, const std::string& preset, Classifier& model) {
  at::NoGradGuard no_grad;
  auto state = network_state(model);
  for (auto& [name, tensor] : state) {
    const auto found = contents.tensors.find(name);
    if (found == contents.tensors.end()) {
      refuse(path, fmt::format("it says preset {} but lacks its tensor '{}'", preset, name));
    }
    if (found->second.sizes() != tensor.sizes() || found->second.scalar_type() != tensor.scalar_type()) {
      // As of a `fast` from before its second convolution had 32 channels.
      refuse(path, fmt::format("it says preset {} but its tensor '{}' has another shape or type", preset, name),
             "train it again if an earlier version wrote it");
    }
    if (!found->second.isfinite().all().item<bool>()) {
      refuse(path, fmt::format("its tensor '{}' has values that are not finite", name));
    }
    tensor.copy_(found->second);
  }
  for (const auto& [name, tensor] : contents.tensors) {
    if (!state.contains(name)) refuse(path, fmt::format("it says preset {} but has a tensor '{}'", preset, name));
  }
}

}  // namespace

std::map<std::string, at::Tensor> network_state(const Classifier& model) {
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : model.named_parameters()) state[name] = tensor;
  for (const auto& [name, tensor] : model.named_buffers()) state[name] = tensor;
  return state;
}

SafeTensors checkpoint_contents(const Classifier& model, const CheckpointInfo& info) {
  SafeTensors contents;
  for (const auto& [name, tensor] : network_state(model)) {
    contents.tensors[name] = dense_copy(tensor);
  }
  contents.metadata = {
      {"format", "pt"},
      {"digitrec", version()},
      {"preset", info.preset},
      {"classes", std::to_string(info.shape.classes)},
      {"image_size", std::to_string(info.shape.image_size)},
      {"normalization",
       nlohmann::json{{"mean", info.normalization.mean}, {"deviation", info.normalization.deviation}}.dump()},
      {"data", info.data},
      {"settings", info.settings},
      {"temperature", nlohmann::json(info.temperature).dump()},
      {"metrics", nlohmann::json(info.metrics).dump()},
  };
  const auto dump = [](const auto& list) {
    return nlohmann::json(list).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  if (!info.classes.labels.empty()) contents.metadata["class_labels"] = dump(info.classes.labels);
  if (!info.classes.names.empty()) contents.metadata["class_names"] = dump(info.classes.names);
  if (info.framing == Framing::none) contents.metadata["framing"] = "none";
  if (info.transpose) contents.metadata["transpose"] = "true";
  return contents;
}

void save_checkpoint(const fs::path& file, const Classifier& model, const CheckpointInfo& info) {
  write_safetensors(file, checkpoint_contents(model, info));
}

namespace {

Checkpoint read_checkpoint(const fs::path& path) {
  const SafeTensors contents = read_safetensors(path);
  Checkpoint checkpoint;
  checkpoint.info = read_info(path, contents, checkpoint.doubt);
  checkpoint.model = build_model(checkpoint.info.preset, checkpoint.info.shape);
  load_state(path, contents, checkpoint.info.preset, *checkpoint.model);
  checkpoint.model->eval();
  return checkpoint;
}

}  // namespace

Loaded<Checkpoint> load_checkpoint(const fs::path& file, Fallback fallback) {
  return load_or_previous(file, fallback, read_checkpoint);
}

}  // namespace digitrec
