#include "cli/command.h"
#include "cli/console.h"
#include "cli/followers.h"
#include "cli/training_view.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/core/file.h"
#include "digitrec/core/precision.h"
#include "digitrec/core/runtime.h"
#include "digitrec/data/source.h"
#include "digitrec/train/config.h"
#include "digitrec/train/members.h"
#include "digitrec/train/trainer.h"

#include <ATen/Parallel.h>
#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct TrainCommand {
  std::string config_file;
  std::optional<std::string> resume;  ///< a run's folder
  bool detect_anomaly = false;
  bool print_config = false;
  bool help_recipe = false;
  bool live = false;
  bool tensorboard = false;
  /// Flags as they were given, by their key; applied after the config file.
  std::vector<std::pair<std::string, std::string>> flags;
};

std::string flag_name(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

/// Defaults or the run's own settings, then the config file, then flags.
TrainConfig resolve_config(const TrainCommand& command) {
  TrainConfig config;
  if (command.resume) {
    config = read_run_config(*command.resume);
    config.out = *command.resume;
  }
  config.detect_anomaly = command.detect_anomaly;
  if (!command.config_file.empty()) apply_config_file(config, command.config_file);
  for (const ConfigOption& option : train_options(config)) {
    for (const auto& [key, value] : command.flags) {
      if (key != option.key) continue;
      if (command.resume && !option.resumable) {
        throw UsageError(flag_name(key) + ": --resume goes on with the run's own settings; leave it out");
      }
      if (const auto wrong = option.set(value)) throw UsageError(flag_name(key) + ": " + *wrong);
    }
  }
  return config;
}

/// runs/<model>-<time>, with a number behind it when two runs start within a second.
fs::path default_run_folder(const TrainConfig& config) {
  const std::time_t now = std::time(nullptr);
  const fs::path base = fs::path("runs") / fmt::format("{}-{:%Y%m%d-%H%M%S}", config.model, fmt::localtime(now));
  fs::path folder = base;
  for (int i = 2; fs::exists(folder); ++i) folder = base.string() + fmt::format("-{}", i);
  return folder;
}

void print_recipe_help() {
  TrainConfig defaults;
  std::cout << "Flags of digitrec train for details of the training:\n";
  for (const ConfigOption& option : train_options(defaults)) {
    if (option.common) continue;
    std::cout << fmt::format("  {:<27} {}\n", fmt::format("{} [{}]", flag_name(option.key), option.get()), option.help);
  }
}

std::string title(const Member& member) { return fmt::format("network {}/{}", member.number, member.count); }

/// Takes the epochs that are trained again, those after `epochs`, out of a log, so that it has none twice. Of several
/// networks only what stands below a line with this title.
void cut_log(const fs::path& file, const std::string& title, int64_t epochs) {
  std::ifstream log(file);
  std::string kept;
  bool is_its = title.empty();
  for (std::string line; std::getline(log, line);) {
    // "2026-01-31 12:00:00   7/24  ..."
    const std::string text = line.substr(std::min<size_t>(line.size(), 20));
    if (text.starts_with("network ")) is_its = text == title;
    std::istringstream words(text);
    int64_t epoch = 0;
    char slash = 0;
    const bool is_epoch = words >> epoch >> slash && slash == '/';
    if (!is_its || !is_epoch || epoch <= epochs) kept += line + '\n';
  }
  if (log.is_open()) write_file(file, kept);
}

int run_train(const TrainCommand& command) {
  if (command.help_recipe) {
    print_recipe_help();
    return 0;
  }
  TrainConfig config = resolve_config(command);
  if (command.print_config) {
    std::cout << to_toml(config);
    return 0;
  }
  configure_runtime({.threads = config.threads});
  const DeviceChoice device = choose_device(config.device);
  const Dataset dataset = load_dataset(config.data, Purpose::train, config.limit);
  // What config.toml is to repeat: not "auto", but what that meant here.
  config.device = device.device.str();
  const PrecisionDecision precision = choose_precision(config.precision, device.device);
  config.precision = precision.precision == Precision::bf16 ? PrecisionChoice::bf16 : PrecisionChoice::fp32;
  config.threads = at::get_num_threads();
  if (config.out.empty()) config.out = default_run_folder(config).string();

  TrainingView view(config);
  Followers followers(config, command.live, command.tensorboard);
  const bool has_members = config.member == 0 && count_members(config) > 1;
  const auto open_log = [&](const TrainStart& start, const std::string& title) {
    const fs::path file = fs::path(config.out) / "train.log";
    cut_log(file, title, static_cast<int64_t>(start.epochs.size()));
    set_log_file(file);
  };
  const auto begin = [&](const TrainStart& start) {
    catch_interrupts();
    view.begin(start, dataset, device.reason, precision.reason);
  };
  TrainEvents events;
  events.on_batch = [&](const BatchProgress& batch) { view.draw(batch); };
  events.on_epoch = [&](const EpochMetrics& metrics, bool is_best, const Checkpoint& network) {
    view.add(metrics, is_best);
    followers.add(metrics, is_best, network);
  };
  events.should_stop = [] { return interrupted() != 0; };
  const Start how = command.resume ? Start::resumed : Start::anew;
  StopReason reason{};
  if (has_members) {
    bool has_begun = false;
    const MembersResult result = train_members(
        config, dataset, config.out,
        [&](const Member& member) {
          if (member.is_trained) {
            log(fmt::format("{} is there: {}", title(member), member.folder.string()));
            followers.keep_network(member.folder);
          }
          events.on_start = [&, member](const TrainStart& start) {
            open_log(start, title(member));
            if (!std::exchange(has_begun, true)) begin(start);
            followers.begin_network(member.folder, start);
            log(title(member));
            view.resume(start);
          };
          return events;
        },
        how);
    view.finish(result, dataset);
    reason = result.reason;
  } else {
    events.on_start = [&](const TrainStart& start) {
      open_log(start, "");
      begin(start);
      view.resume(start);
      followers.begin_network(config.out, start);
    };
    const TrainResult result = train(config, dataset, config.out, events, how);
    view.finish(result);
    reason = result.reason;
  }
  followers.finish(reason, dataset);
  return reason == StopReason::interrupted ? 128 + interrupted() : 0;  // as a shell reports a signal
}

}  // namespace

Run setup_train(CLI::App& app) {
  auto command = std::make_shared<TrainCommand>();
  CLI::App* sub = app.add_subcommand("train", "Train a preset; fills a run folder with checkpoints and metrics");
  CLI::Option* config_option =
      sub->add_option("--config", command->config_file, "TOML file of settings; flags override it")->type_name("FILE");
  sub->add_option("--resume", command->resume, "Go on with the run in this folder; its settings are those it had")
      ->type_name("DIR")
      ->excludes(config_option);
  TrainConfig defaults;
  for (const ConfigOption& option : train_options(defaults)) {
    const std::string key = option.key;
    const auto keep = [command, key](const std::string& value) { command->flags.emplace_back(key, value); };
    sub->add_option_function<std::string>(flag_name(key), keep, option.help)
        ->type_name(option.get().empty() ? "DIR" : "[" + option.get() + "]")
        ->group(option.common ? "Options" : "");
  }
  sub->add_flag("--live", command->live, "Keep report.html in the run's folder up to date while it trains");
  sub->add_flag("--tensorboard", command->tensorboard, "Also write event files for TensorBoard");
  sub->add_flag("--detect-anomaly", command->detect_anomaly, "Stop where a backward step makes a NaN; slow");
  sub->add_flag("--help-recipe", command->help_recipe, "Print the flags for details of the training");
  sub->add_flag("--print-config", command->print_config, "Print the resulting settings as TOML and stop");
  return [command] { return run_train(*command); };
}

}  // namespace digitrec::cli
