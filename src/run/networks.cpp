#include "run/networks.h"

#include "checkpoint/safetensors.h"
#include "core/names.h"
#include "data/archive.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "train/as_trained.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace digitrec {

namespace fs = std::filesystem;

bool has_checkpoint(const RunPaths& network) {
  return fs::exists(network.best()) || fs::exists(previous_file(network.best()));
}

void require_checkpoint(const RunPaths& network) {
  if (has_checkpoint(network)) return;
  throw Error(fmt::format("{}: no {} in it", network.name(), network.best().filename().string()),
              fs::exists(network.summary())
                  ? "its training ended, so the file was removed since: put it back, or train again"
                  : "train the run to its end first");
}

void require_data(const fs::path& folder, const TrainConfig& config) {
  if (fs::exists(config.data) || is_in_archive(config.data) || is_data_folder(config.data)) return;
  throw Error(fmt::format("{}: the data that it was trained on is no longer at {}", folder.string(), config.data),
              "name where it is now with `data`");
}

std::string from_here(const std::string& path) {
  const fs::path relative = fs::path(path).lexically_proximate(fs::current_path());
  return relative.empty() || *relative.begin() == ".." ? path : relative.string();
}

TrainConfig read_run_config(const fs::path& folder) {
  const RunPaths run(folder);
  if (!fs::exists(run.folder())) throw Error(fmt::format("{}: no such run", run.name()), "check the path");
  if (!fs::is_regular_file(run.config())) {
    throw Error(fmt::format("{}: no {} in it", run.name(), run.config().filename().string()),
                "name the folder of a run");
  }
  TrainConfig config;
  apply_config_file(config, run.config());
  config.data = from_here(config.data);
  config.extra_data = from_here(config.extra_data);
  return config;
}

TrainedRun read_trained_run(const RunPaths& run) {
  TrainConfig config = read_run_config(run.folder());
  const RunPaths first = member_paths(run, config).front();
  require_checkpoint(first);
  // The settings of a run of several networks name none of them, those of a network do.
  const bool has_several = first.folder() != run.folder();
  if (has_several) config.member = 1;
  AsTrained trained = as_trained(config, run.config(), load_checkpoint(first.best(), Fallback::previous));
  if (has_several) trained.config.member = 0;
  TrainedRun result{trained.config, member_paths(run, trained.config)};
  if (!trained.doubt.empty()) result.doubts.push_back(trained.doubt);
  return result;
}

TrainConfig trained_config(const fs::path& folder) { return read_trained_run(folder).config; }

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

namespace {

/// The number of networks that a run was to have, as those that it has say; by its config.toml where they do not.
int64_t count_wanted(const RunPaths& run, const std::vector<RunPaths>& members) {
  TrainConfig config = read_run_config(run.folder());
  const auto first = std::find_if(members.begin(), members.end(), has_checkpoint);
  if (first != members.end()) {
    config = as_trained(config, run.config(), load_checkpoint(first->best(), Fallback::previous)).config;
  }
  return count_members(config);
}

std::string describe_missing(const RunPaths& run) {
  const std::vector<RunPaths> members = run.members();
  int64_t wanted = 0;
  try {
    wanted = count_wanted(run, members);
  } catch (const Error& error) {
    return fmt::format("{}: whether it lacks networks cannot be told: {}", run.name(), error.what());
  }
  std::vector<std::string> missing;
  for (int64_t number = 1; number <= wanted; ++number) {
    const RunPaths member = run.member(number);
    if (!has_checkpoint(member)) missing.push_back(member.folder().filename().string());
  }
  if (missing.empty()) return "";
  return fmt::format("{}: no {} of {} of its {} networks ({}); the others vote", run.name(),
                     run.best().filename().string(), missing.size(), wanted, join(missing));
}

}  // namespace

std::vector<std::string> missing_networks(const std::vector<fs::path>& paths) {
  std::vector<std::string> lines;
  for (const fs::path& path : paths) {
    const RunPaths run(path);
    if (!fs::is_directory(path) || has_checkpoint(run)) continue;
    if (const std::string line = describe_missing(run); !line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace digitrec
