#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"
#include "digitrec/model/classifier.h"
#include "digitrec/model/presets.h"
#include "model/network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {

namespace {

/// The layers as a line of text.
std::string describe(const Architecture& architecture) {
  std::string text = architecture.convolutions.empty() ? "flatten" : "";
  for (const ConvLayer& layer : architecture.convolutions) {
    text += fmt::format("{}conv {}", text.empty() ? "" : ", ", layer.channels);
    if (layer.pool == Pool::before_norm) text += ", pool";
    if (layer.batch_norm) text += ", BN";
    if (layer.pool == Pool::last) text += ", pool";
    if (layer.dropout > 0) text += fmt::format(", dropout2d {}", layer.dropout);
  }
  for (const HiddenLayer& layer : architecture.hidden) {
    text += fmt::format(", FC {}", layer.width);
    if (layer.batch_norm) text += ", BN";
    if (layer.dropout > 0) text += fmt::format(", dropout {}", layer.dropout);
  }
  if (architecture.dropout > 0) text += fmt::format(", dropout {}", architecture.dropout);
  return text + ", FC";
}

struct NamedArchitecture {
  std::string name;
  Architecture architecture;
};

/// In the order of presets().
const std::vector<NamedArchitecture>& architectures() {
  using C = ConvLayer;
  using H = HiddenLayer;
  static const std::vector<NamedArchitecture> all{
      {"mlp-128", {.convolutions = {}, .hidden = {H{128}}}},
      {"mlp", {.convolutions = {}, .hidden = {H{256}, H{128}}}},
      {"cnn",
       {.convolutions = {C{.channels = 32, .padding = 0, .pool = Pool::last},
                         C{.channels = 64, .padding = 0, .pool = Pool::last}},
        .hidden = {H{128}}}},
      {"cnn-dropout",
       {.convolutions = {C{.channels = 32, .pool = Pool::last}, C{.channels = 64},
                         C{.channels = 128, .pool = Pool::last}},
        .hidden = {H{.width = 128, .dropout = 0.5}}}},
      {"cnn-bn",
       {.convolutions = {C{.channels = 32, .batch_norm = true},
                         C{.channels = 32, .batch_norm = true, .pool = Pool::last, .dropout = 0.2},
                         C{.channels = 64, .batch_norm = true},
                         C{.channels = 64, .batch_norm = true, .pool = Pool::last, .dropout = 0.3},
                         C{.channels = 128, .batch_norm = true, .dropout = 0.3}},
        .hidden = {H{512, true, 0.3}, H{256, true, 0.3}}}},
      // Chosen for the time to 99%: batch normalisation makes one epoch at a high rate enough, and pooling before it
      // leaves it a quarter of the values.
      {"fast",
       {.convolutions = {C{.channels = 32, .padding = 0, .batch_norm = true, .pool = Pool::before_norm},
                         C{.channels = 32, .padding = 0, .batch_norm = true, .pool = Pool::before_norm},
                         C{.channels = 128, .padding = 0, .batch_norm = true}},
        .hidden = {}}},
      // Without padding the images shrink from layer to layer: a third of the work of padded ones, and as accurate.
      {"best",
       {.convolutions = {C{.channels = 32, .padding = 0, .batch_norm = true},
                         C{.channels = 64, .padding = 0, .batch_norm = true, .pool = Pool::before_norm},
                         C{.channels = 96, .padding = 0, .batch_norm = true},
                         C{.channels = 96, .padding = 0, .batch_norm = true},
                         C{.channels = 128, .padding = 0, .batch_norm = true, .pool = Pool::before_norm},
                         C{.channels = 192, .padding = 0, .batch_norm = true}},
        .hidden = {},
        .dropout = 0.4}},
  };
  return all;
}

std::vector<Preset> make_presets() {
  std::vector<Preset> all;
  for (const auto& [name, architecture] : architectures()) {
    all.push_back({name, describe(architecture), architecture.min_image_size(),
                   [&built = architecture](const ModelShape& shape) { return build_network(built, shape); }});
  }
  return all;
}

}  // namespace

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = make_presets();
  return all;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  return names;
}

const Preset& find_preset(const std::string& name) { return presets()[find_name("model", name, preset_names())]; }

const Architecture& find_architecture(const std::string& preset) {
  return architectures()[find_name("model", preset, preset_names())].architecture;
}

std::shared_ptr<Classifier> build_model(const std::string& name, const ModelShape& shape) {
  const Preset& preset = find_preset(name);
  if (shape.image_size < preset.min_image_size || shape.image_size > kMaxImageSize) {
    throw Error(fmt::format("model {} takes images of {} to {} pixels a side; the data has {}", name,
                            preset.min_image_size, kMaxImageSize, shape.image_size));
  }
  if (shape.classes < 1 || shape.classes > kMaxClasses) {
    throw Error(fmt::format("model {} takes 1 to {} classes; the data has {}", name, kMaxClasses, shape.classes));
  }
  std::shared_ptr<Classifier> model = preset.build(shape);
  at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : model->parameters()) {
    if (parameter.dim() != 4) continue;
    // contiguous(ChannelsLast) would keep a one-channel kernel as it is; a new tensor gets the strides.
    at::Tensor ordered = at::empty_like(parameter, parameter.options(), at::MemoryFormat::ChannelsLast);
    parameter.set_data(ordered.copy_(parameter));
  }
  return model;
}

}  // namespace digitrec
