#include "digitrec/train/members.h"

#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/core/file.h"
#include "digitrec/core/precision.h"
#include "digitrec/core/version.h"
#include "digitrec/infer/metrics.h"
#include "infer/metrics_json.h"
#include "train/run_folder.h"

#include <spdlog/fmt/fmt.h>
#include <torch/types.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::ordered_json;

fs::path member_folder(const fs::path& folder, int64_t number) { return folder / fmt::format("member-{:02}", number); }

TrainConfig member_config(const TrainConfig& config, const fs::path& folder, int64_t number) {
  TrainConfig member = config;
  member.member = number;
  member.out = member_folder(folder, number).string();
  return member;
}

bool has_sound_checkpoint(const fs::path& member) {
  try {
    load_checkpoint(member / "best.safetensors");
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// A member counts when its summary is there, which is written last, its checkpoint is sound, which going on may mend,
/// and nothing says that it is to be trained further.
bool is_complete(const fs::path& member, const TrainConfig& config) {
  if (!fs::exists(member / "summary.json") || !has_sound_checkpoint(member)) return false;
  const Json summary = Json::parse(read_file(member / "summary.json", 1 << 20), nullptr, /*allow_exceptions=*/false);
  if (!summary.is_object()) return false;
  const auto number = [&](const char* key) {
    const Json value = summary.value(key, Json());
    return value.is_number() ? value.get<double>() : 0;
  };
  const Json stopped = summary.value("stopped", Json());
  if (stopped == "finished") return number("epochs") >= static_cast<double>(config.epochs);
  if (stopped == "max_seconds") return config.max_seconds > 0 && number("training_seconds") >= config.max_seconds;
  return stopped == "early stopping";
}

/// Of a run that goes on: the data must be that of the members which are there.
void require_same_data(const fs::path& folder, const Dataset& dataset) {
  const fs::path first = member_folder(folder, 1) / "best.safetensors";
  std::string damage;  // of which the member tells when it goes on
  if (!fs::exists(first) || load_checkpoint_or_previous(first, damage).info.data == fingerprint(dataset)) return;
  throw Error(
      fmt::format("{}: not the rows that {} was trained on; name them with --data", dataset.source, folder.string()));
}

/// Writes the configuration of a new run, and that of one that goes on where it may be another.
void keep_config(const TrainConfig& config, const Dataset& dataset, const fs::path& folder, Start start) {
  const fs::path file = folder / "config.toml";
  const std::string text = run_config_text(config);
  if (fs::exists(file)) {
    if (read_file(file, 1 << 20) == text) return;
    if (start == Start::anew) {
      throw Error(
          fmt::format("{}: holds a run with other settings; choose another --out or remove it", folder.string()));
    }
    require_same_data(folder, dataset);
  }
  write_file(file, text);
}

void write_summary(const TrainConfig& config, const Dataset& dataset, const fs::path& folder, const HeldOut& held_out) {
  Json summary{{"digitrec", version()}, {"model", config.model},       {"data", config.data},
               {"folds", config.folds}, {"ensemble", config.ensemble}, {"seed", config.seed}};
  if (held_out.rows.numel() > 0) {
    summary["held_out"] =
        metrics_json(compute_metrics(held_out.probabilities, dataset.labels.index_select(0, held_out.rows)));
  }
  write_file(folder / "summary.json", summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

TrainConfig read_run_config(const fs::path& folder) {
  const fs::path file = folder / "config.toml";
  if (!fs::exists(file))
    throw Error(fmt::format("{}: no config.toml in it; name the folder of a run", folder.string()));
  TrainConfig config;
  apply_config_file(config, file);
  return config;
}

HeldOut predict_held_out(const fs::path& folder, const Dataset& dataset, const PredictorOptions& options) {
  const TrainConfig config = read_run_config(folder);
  const bool has_members = config.member == 0 && count_members(config) > 1;
  const std::string data = fingerprint(dataset);
  torch::Tensor sum;
  torch::Tensor networks = torch::zeros({dataset.size()}, torch::kFloat32);
  const int64_t count = has_members ? count_members(config) : 1;
  for (int64_t number = 1; number <= count; ++number) {
    const fs::path member = has_members ? member_folder(folder, number) : folder;
    if (!fs::exists(member / "best.safetensors")) {
      throw Error(fmt::format("{}: no best.safetensors in it; train the run to its end first", member.string()));
    }
    PredictorOptions member_options = options;
    if (options.on_progress) {
      member_options.on_progress = [&options, number, count](double fraction) {
        options.on_progress((static_cast<double>(number - 1) + fraction) / static_cast<double>(count));
      };
    }
    Predictor predictor({member}, member_options);
    if (predictor.networks().front().info.data != data) {
      throw Error(fmt::format("{}: not the data that {} was trained on; its own rows cannot be told from others",
                              dataset.source, member.string()));
    }
    const torch::Tensor rows = training_split(read_run_config(member), dataset).validation;
    if (rows.numel() == 0) continue;
    Dataset held_out{dataset.images.index_select(0, rows), {}, dataset.source};
    if (!sum.defined()) sum = torch::zeros({dataset.size(), predictor.shape().classes}, torch::kFloat32);
    sum.index_add_(0, rows, predictor.predict(held_out));
    networks.index_add_(0, rows, torch::ones({rows.numel()}));
  }
  const torch::Tensor rows = networks.nonzero().squeeze(1);
  if (rows.numel() == 0) return {rows, {}};
  return {rows, sum.index_select(0, rows) / networks.index_select(0, rows).unsqueeze(1)};
}

namespace {

MembersResult train_missing_members(const TrainConfig& config, const Dataset& dataset, const fs::path& folder,
                                    const std::function<TrainEvents(const Member&)>& events_of) {
  MembersResult result;
  const int64_t count = count_members(config);
  for (int64_t number = 1; number <= count; ++number) {
    const fs::path path = member_folder(folder, number);
    Member member{number, count, path, is_complete(path, config)};
    const TrainEvents events = events_of(member);
    if (!member.is_trained) {
      // What was cut short goes on.
      const Start start = fs::exists(path / "config.toml") ? Start::resumed : Start::anew;
      const TrainResult trained = train(member_config(config, folder, number), dataset, path, events, start);
      result.seconds += trained.seconds;
      result.reason = trained.reason;
      if (trained.reason == StopReason::interrupted) return result;
    }
    ++result.trained;
  }
  result.reason = StopReason::finished;
  const torch::Device device = choose_device(config.device).device;
  const PredictorOptions options{device, choose_precision(config.precision, device).precision};
  result.held_out = predict_held_out(folder, dataset, options);
  write_summary(config, dataset, folder, result.held_out);
  return result;
}

}  // namespace

MembersResult train_members(const TrainConfig& config, const Dataset& dataset, const fs::path& folder,
                            const std::function<TrainEvents(const Member&)>& events_of, Start start) {
  const bool was_there = fs::exists(folder / "config.toml");
  const fs::path first_new = was_there ? fs::path() : make_run_folder(folder);
  const FolderLock lock(folder);
  try {
    remove_temporary_files(folder);
    keep_config(config, dataset, folder, start);
    return train_missing_members(config, dataset, folder, events_of);
  } catch (...) {
    // A run that failed before its first checkpoint leaves nothing behind.
    if (!was_there && !fs::exists(member_folder(folder, 1))) remove_made(folder, first_new);
    throw;
  }
}

}  // namespace digitrec
