#include "checkpoint/safetensors.h"
#include "core/file.h"
#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "run/paths.h"
#include "train/plan.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

bool has_checkpoint(const RunPaths& run) { return fs::exists(run.best()) || fs::exists(previous_file(run.best())); }

}  // namespace

TrainConfig read_run_config(const fs::path& folder) {
  const RunPaths run(folder);
  if (!fs::exists(run.config())) {
    throw Error(fmt::format("{}: no {} in it", run.name(), run.config().filename().string()),
                "name the folder of a run");
  }
  TrainConfig config;
  apply_config_file(config, run.config());
  return config;
}

std::vector<Loaded<Checkpoint>> load_networks(const std::vector<fs::path>& paths) {
  std::vector<Loaded<Checkpoint>> networks;
  for (const fs::path& path : paths) {
    if (!fs::is_directory(path)) {
      networks.push_back(load_checkpoint(path, Fallback::none));
      continue;
    }
    const RunPaths run(path);
    const std::vector<RunPaths> members = has_checkpoint(run) ? std::vector{run} : run.members();
    const size_t before = networks.size();
    for (const RunPaths& member : members) {
      if (has_checkpoint(member)) networks.push_back(load_checkpoint(member.best(), Fallback::previous));
    }
    if (networks.size() == before) {
      throw Error(fmt::format("{}: no {} in this folder", path.string(), run.best().filename().string()),
                  "name a checkpoint or a run folder");
    }
  }
  return networks;
}

HeldOut predict_held_out(const fs::path& folder, const Dataset& dataset, const PredictorOptions& options) {
  const TrainConfig config = read_run_config(folder);
  const std::vector<RunPaths> members = member_paths(folder, config);
  const std::string data = fingerprint(dataset);
  at::Tensor sum;
  at::Tensor networks = at::zeros({dataset.size()}, at::kFloat);
  HeldOut held_out;
  for (size_t i = 0; i < members.size(); ++i) {
    const RunPaths& member = members[i];
    if (!has_checkpoint(member)) {
      throw Error(fmt::format("{}: no {} in it", member.name(), member.best().filename().string()),
                  "train the run to its end first");
    }
    PredictorOptions member_options = options;
    if (options.on_progress) {
      member_options.on_progress = [&options, i, count = members.size()](double fraction) {
        options.on_progress((static_cast<double>(i) + fraction) / static_cast<double>(count));
      };
    }
    Loaded<Checkpoint> network = load_checkpoint(member.best(), Fallback::previous);
    if (network.value.info.data != data) {
      throw Error(fmt::format("{}: not the data that {} was trained on; which rows it held back is unknown",
                              dataset.source, member.name()));
    }
    if (!network.damage.empty()) held_out.damage.push_back(network.damage);
    const at::Tensor rows = training_split(read_run_config(member.folder()), dataset).validation;
    if (rows.numel() == 0) continue;
    Predictor predictor({std::move(network)}, member_options);
    if (!sum.defined()) sum = at::zeros({dataset.size(), predictor.shape().classes}, at::kFloat);
    sum.index_add_(0, rows, predictor.predict({dataset.images.index_select(0, rows), {}, dataset.source}));
    networks.index_add_(0, rows, at::ones({rows.numel()}));
  }
  held_out.rows = networks.nonzero().squeeze(1);
  if (held_out.rows.numel() == 0) return held_out;
  const at::Tensor seen = networks.index_select(0, held_out.rows).unsqueeze(1);
  held_out.probabilities = sum.index_select(0, held_out.rows) / seen;
  return held_out;
}

}  // namespace digitrec
