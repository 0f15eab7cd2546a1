#include "cli/command.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/outputs.h"
#include "cli/runtime.h"
#include "cli/training_view.h"
#include "core/precision.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/model/presets.h"
#include "digitrec/run/run.h"
#include "digitrec/train/config.h"
#include "page/live_page.h"
#include "run/networks.h"
#include "tensorboard/tensorboard.h"
#include "train/recipes.h"

#include <ATen/Parallel.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct TrainCommand {
  std::string data;  ///< without its flag
  std::string config_file;
  std::string recipe;
  std::optional<std::string> resume;  ///< a run's folder
  bool print_config = false;
  bool help_recipe = false;
  /// Flags as they were given, by their key; applied after the config file.
  std::vector<std::pair<std::string, std::string>> flags;
};

std::string flag_name(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

/// The named recipe, or the one named like the model; null where a file or a run holds the settings.
const Recipe* choose_recipe(const TrainCommand& command, TrainConfig config) {
  if (!command.recipe.empty()) return &find_recipe(command.recipe);
  if (command.resume || !command.config_file.empty()) return nullptr;
  for (const auto& [key, value] : command.flags) {
    if (key == "model") config.model = value;
  }
  const std::vector<std::string> names = preset_names();
  const bool is_known = std::find(names.begin(), names.end(), config.model) != names.end();
  return is_known ? &find_recipe(config.model) : nullptr;  // an unknown name is refused where the flag is set
}

/// Defaults or the run's own settings, then the recipe or the config file, then flags.
TrainConfig resolve_config(const TrainCommand& command) {
  TrainConfig config;
  if (const Recipe* recipe = choose_recipe(command, config)) apply_recipe(config, *recipe);
  if (command.resume) {
    config = read_run_config(*command.resume);
    config.out = *command.resume;
  }
  if (!command.config_file.empty()) apply_config_file(config, input_file(command.config_file));
  for (const ConfigOption& option : train_options(config)) {
    for (const auto& [key, value] : command.flags) {
      if (key != option.key) continue;
      if (command.resume && key == "init")
        throw UsageError("--init: --resume goes on from the run's own weights", "leave it out");
      if (command.resume && !option.resumable) {
        throw UsageError(flag_name(key) + ": --resume takes the run's own settings", "leave it out");
      }
      if (const auto wrong = option.set(value)) throw UsageError(flag_name(key) + ": " + *wrong);
    }
  }
  config.data = input_file(config.data);
  const bool is_data_named =
      std::any_of(command.flags.begin(), command.flags.end(), [](const auto& flag) { return flag.first == "data"; });
  if (command.resume && !is_data_named) require_data(*command.resume, config);
  return config;
}

/// As config.toml records it: eval, report and resume find the data again from any folder.
std::string absolute_path(const std::string& path) {
  if (path.empty()) return "";
  const fs::path whole = fs::absolute(path).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).string();  // without a slash at its end
}

/// A run's folder stands for the network in it.
std::string initial_checkpoint(const std::string& init) {
  if (!fs::is_directory(init)) return init;
  const RunPaths run(init);
  const std::vector<RunPaths> members = run.members();
  if (!has_checkpoint(run) && !members.empty())
    throw UsageError(fmt::format("--init: {} holds several networks", init),
                     fmt::format("name one, such as {}", members.front().name()));
  require_checkpoint(run);
  return run.best().string();
}

void print_recipe_help() {
  TrainConfig defaults;
  std::string help = "Flags of digitrec train for details of the training:\n";
  for (const ConfigOption& option : train_options(defaults)) {
    if (option.common) continue;
    help += fmt::format("  {:<27} {}\n", fmt::format("{} [{}]", flag_name(option.key), option.get()), option.help);
  }
  std::cout << wrap_help(help, terminal_width(Stream::out));
}

/// The data may be named with or without its flag.
void take_data(TrainCommand& command) {
  if (command.data.empty()) return;
  for (const auto& [key, value] : command.flags) {
    if (key != "data") continue;
    throw UsageError(fmt::format("two data sets, {} and {}", value, command.data), "name the one to train on");
  }
  command.flags.emplace_back("data", command.data);
}

int run_train(TrainCommand& command) {
  if (command.help_recipe) {
    print_recipe_help();
    return 0;
  }
  take_data(command);
  TrainConfig config = resolve_config(command);
  if (command.print_config) {
    std::cout << to_toml(config);
    return 0;
  }
  const std::string data = config.data;  // as messages name it
  config.data = absolute_path(config.data);
  config.extra_data = absolute_path(config.extra_data);
  config.init = absolute_path(initial_checkpoint(config.init));
  config.class_names = absolute_path(config.class_names);
  require_consistent(config);
  if (const Recipe* recipe = choose_recipe(command, {})) log(fmt::format("recipe  {}", recipe->name));
  set_up_runtime(config.threads);
  const DeviceChoice device = choose_device(config.device);
  const Dataset dataset = load_dataset(data, Purpose::train, data_options(config));
  // config.toml repeats the run, so it holds what "auto" meant here.
  config.device = device.device.str();
  const PrecisionDecision precision = choose_precision(config.precision, device.device);
  config.precision = precision.precision == Precision::bf16 ? PrecisionChoice::bf16 : PrecisionChoice::fp32;
  config.threads = at::get_num_threads();

  TrainingView view(config, dataset, device.reason, precision.reason);
  LivePage page(config, dataset);
  TensorBoardObserver tensorboard(config);
  RunOptions options;
  options.start = command.resume ? Start::resumed : Start::fresh;
  options.should_stop = [] { return interrupted() != 0; };
  options.observers = {&view};
  if (config.live) options.observers.push_back(&page);
  if (config.tensorboard) options.observers.push_back(&tensorboard);
  const RunResult result = train(config, dataset, config.out, options);
  return result.reason == StopReason::interrupted ? 128 + interrupted() : 0;  // as a shell reports a signal
}

}  // namespace

Run setup_train(CLI::App& app) {
  auto command = std::make_shared<TrainCommand>();
  CLI::App* sub = app.add_subcommand("train", "Train a preset; fills a run folder with checkpoints and metrics");
  sub->add_option("path", command->data, "Training data, as --data")->type_name("[data]");
  CLI::Option* config_option =
      sub->add_option("--config", command->config_file, "TOML file of settings; flags override it")->type_name("FILE");
  CLI::Option* recipe_option =
      sub->add_option("--recipe", command->recipe, "Recipe, see digitrec recipes; default: the model's own")
          ->type_name("NAME")
          ->excludes(config_option);
  sub->add_option("--resume", command->resume, "Folder of a run to resume with its own settings")
      ->type_name("DIR")
      ->excludes(config_option)
      ->excludes(recipe_option);
  TrainConfig defaults;
  for (const ConfigOption& option : train_options(defaults)) {
    const std::string key = option.key;
    const auto keep = [command, key](const std::string& value) { command->flags.emplace_back(key, value); };
    CLI::Option* flag = option.is_switch ? sub->add_flag_callback(
                                               flag_name(key), [keep] { keep("true"); }, option.help)
                                         : sub->add_option_function<std::string>(flag_name(key), keep, option.help)
                                               ->type_name(option.get().empty() ? "DIR" : "[" + option.get() + "]");
    flag->group(option.common ? "Options" : "");
  }
  sub->add_flag("--help-recipe", command->help_recipe, "Print the flags for details of the training");
  sub->add_flag("--print-config", command->print_config, "Print the resulting settings as TOML and stop");
  return [command] { return run_train(*command); };
}

}  // namespace digitrec::cli
