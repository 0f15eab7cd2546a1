#include "run/summary.h"

#include "core/atomic_file.h"
#include "core/file.h"
#include "digitrec/core/version.h"
#include "infer/metrics_json.h"
#include "train/validation.h"

#include <ATen/Parallel.h>

#include <nlohmann/json.hpp>

namespace digitrec {
namespace {

using Json = nlohmann::ordered_json;

const char* reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::finished:
      return "finished";
    case StopReason::patience:
      return "early stopping";
    case StopReason::max_seconds:
      return "max_seconds";
    case StopReason::interrupted:
      return "interrupted";
  }
  return "";
}

/// What every summary begins with.
Json header(const TrainConfig& config) {
  return {{"digitrec", version()}, {"model", config.model},       {"data", config.data},
          {"folds", config.folds}, {"ensemble", config.ensemble}, {"seed", config.seed}};
}

void write(const RunPaths& paths, const Json& summary) {
  write_file(paths.summary(), summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

void write_summary(const RunPaths& member, const TrainConfig& config, const TrainStart& start,
                   const MemberResult& result) {
  Json best = nullptr;
  if (result.best) {
    best = {{"epoch", result.best->epoch},
            {"train_loss", number_or_null(result.best->train_loss)},
            {"val_loss", number_or_null(result.best->val_loss)},
            {"val_accuracy", number_or_null(result.best->val_accuracy)},
            {"chosen_by", epoch_chosen_by(config, start.validation_rows > 0)}};
  }
  Json summary = header(config);
  summary.update({{"parameters", start.parameters},
                  {"classes", start.shape.classes},
                  {"image_size", start.shape.image_size},
                  {"device", start.device},
                  {"threads", at::get_num_threads()},
                  {"environment", {{"program", version_line()}, {"device", start.device}, {"machine", start.machine}}},
                  {"train_rows", start.train_rows},
                  {"validation_rows", start.validation_rows},
                  {"leaked_rows", start.leaked_rows},
                  {"chosen_by", chosen_by(config, start.validation_rows > 0)},
                  {"normalization", {{"mean", start.normalization.mean}, {"deviation", start.normalization.deviation}}},
                  {"stopped", reason_name(result.reason)},
                  {"epochs", result.epochs},
                  {"training_seconds", result.seconds},
                  {"best", best}});
  write(member, summary);
}

void write_summary(const RunPaths& run, const TrainConfig& config, const Metrics* held_out) {
  Json summary = header(config);
  summary["chosen_by"] = chosen_by(config, held_out != nullptr);
  if (held_out != nullptr) summary["held_out"] = metrics_json(*held_out);
  write(run, summary);
}

std::map<std::string, std::string> read_environment(const RunPaths& member) {
  std::map<std::string, std::string> environment;
  if (!std::filesystem::exists(member.summary())) return environment;
  const Json summary = Json::parse(read_regular_file(member.summary(), 1 << 20), nullptr, /*allow_exceptions=*/false);
  if (!summary.is_object() || !summary.contains("environment")) return environment;
  for (const auto& [key, value] : summary["environment"].items()) {
    if (value.is_string()) environment[key] = value.get<std::string>();
  }
  return environment;
}

}  // namespace digitrec
