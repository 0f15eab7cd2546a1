#include "train/as_trained.h"

#include <spdlog/fmt/fmt.h>

#include <vector>

namespace digitrec {
namespace {

/// Settings that differ between the two: "seed = 7" of the one, "seed = 42" of the other.
struct Differences {
  std::string first;
  std::string second;
};

Differences compare(TrainConfig first, TrainConfig second) {
  Differences differences;
  const std::vector<ConfigOption> options = train_options(first);
  const std::vector<ConfigOption> others = train_options(second);
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string key = options[i].key;
    if (options[i].resumable || key == "out" || options[i].get() == others[i].get()) continue;
    differences.first += fmt::format("{}{} = {}", differences.first.empty() ? "" : ", ", key, options[i].get());
    differences.second += fmt::format("{}{} = {}", differences.second.empty() ? "" : ", ", key, others[i].get());
  }
  return differences;
}

}  // namespace

AsTrained as_trained(const TrainConfig& config, const std::filesystem::path& file, const Loaded<Checkpoint>& network) {
  AsTrained trained{config};
  const std::string& settings = network.value.info.settings;
  if (settings.empty()) {
    trained.doubt = fmt::format("{}: an earlier digitrec wrote it, without its settings; {} is believed",
                                network.file.string(), file.string());
    return trained;
  }
  apply_config_text(trained.config, still_fixed_settings(settings), network.file.string());
  const Differences differences = compare(config, trained.config);
  if (!differences.first.empty()) {
    trained.doubt = fmt::format("{}: says {}, but {} was trained with {}, which counts", file.string(),
                                differences.first, network.file.string(), differences.second);
  }
  return trained;
}

}  // namespace digitrec
