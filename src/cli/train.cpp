#include "cli/command.h"
#include "cli/console.h"
#include "cli/followers.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/core/precision.h"
#include "digitrec/core/runtime.h"
#include "digitrec/data/source.h"
#include "digitrec/infer/metrics.h"
#include "digitrec/train/config.h"
#include "digitrec/train/members.h"
#include "digitrec/train/trainer.h"

#include <ATen/Parallel.h>
#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kInterruptedExit = 130;  // 128 + SIGINT, as a shell reports it

struct TrainCommand {
  std::string config_file;
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

/// Defaults, then the config file, then flags.
TrainConfig resolve_config(const TrainCommand& command) {
  TrainConfig config;
  if (!command.config_file.empty()) apply_config_file(config, command.config_file);
  for (const ConfigOption& option : train_options(config)) {
    for (const auto& [key, value] : command.flags) {
      if (key != option.key) continue;
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

void log_start(const TrainConfig& config, const std::string& device, const std::string& precision,
               const TrainStart& start) {
  log(fmt::format("model   {}: {} parameters, {} classes, {} x {} images", config.model, format_count(start.parameters),
                  start.shape.classes, start.shape.image_size, start.shape.image_size));
  log(fmt::format("device  {}", device));
  log(fmt::format("compute {}", precision));
  log(fmt::format("data    {}: {} rows to train on, {} held back for validation", config.data,
                  format_count(start.train_rows), format_count(start.validation_rows)));
  log(fmt::format("run     {}", config.out));
}

void draw_progress(ProgressLine& line, const BatchProgress& p) {
  const double fraction = static_cast<double>(p.batch) / static_cast<double>(p.batches);
  line.draw(fmt::format("epoch {}/{}", p.epoch, p.epochs), fraction,
            fmt::format("loss {:.4f}  accuracy {:.2f}%  {} images/s  {} left", p.loss, 100 * p.accuracy,
                        format_count(p.images_per_second), format_duration(p.seconds_left)));
}

void log_epoch(const EpochMetrics& m, int64_t epochs, bool is_best) {
  std::string line = fmt::format("epoch {}/{}  train loss {:.4f} accuracy {:.2f}%", m.epoch, epochs, m.train_loss,
                                 100 * m.train_accuracy);
  if (!std::isnan(m.val_accuracy)) {
    line += fmt::format("  validation loss {:.4f} accuracy {:.2f}%{}", m.val_loss, 100 * m.val_accuracy,
                        is_best ? " (best)" : "");
  }
  log(line + fmt::format("  {:.1f} s, {} images/s", m.seconds, format_count(m.images_per_second)));
}

std::string describe_stop(const TrainResult& result, const TrainConfig& config) {
  switch (result.reason) {
    case StopReason::patience:
      return fmt::format("stopped early after {} epochs: none of the last {} was better", result.epochs,
                         config.patience);
    case StopReason::max_seconds:
      return fmt::format("stopped in epoch {}: {} seconds of training are over", result.epochs, config.max_seconds);
    case StopReason::interrupted:
      return fmt::format("interrupted in epoch {}: the weights are in {}", result.epochs + 1,
                         (result.folder / "last.safetensors").string());
    case StopReason::finished:
      break;
  }
  return fmt::format("trained {} epochs", result.epochs);
}

/// "99.62% (95% interval 99.38 to 99.76)"
std::string accuracy_text(int64_t correct, int64_t rows) {
  const Interval interval = wilson_interval(correct, rows);
  return fmt::format("{:.2f}% (95% interval {:.2f} to {:.2f})",
                     100 * static_cast<double>(correct) / static_cast<double>(rows), 100 * interval.low,
                     100 * interval.high);
}

/// The run's outcome on stdout.
void print_result(const TrainResult& result, const TrainConfig& config, int64_t validation_rows) {
  std::cout << describe_stop(result, config) << fmt::format(" ({:.1f} s of training)\n", result.seconds);
  if (!result.best) return;
  if (validation_rows > 0) {
    const int64_t correct = std::llround(result.best->val_accuracy * static_cast<double>(validation_rows));
    std::cout << fmt::format("validation accuracy {} on {} rows never trained on (epoch {}, {})\n",
                             accuracy_text(correct, validation_rows), format_count(validation_rows), result.best->epoch,
                             config.select == SelectKind::last ? "the last" : "chosen on these rows");
  }
  std::cout << "checkpoint " << (result.folder / "best.safetensors").string() << '\n';
}

/// The outcome of folds or an ensemble.
void print_result(const MembersResult& result, const TrainConfig& config, const Dataset& dataset) {
  const int64_t count = count_members(config);
  if (result.reason == StopReason::interrupted) {
    std::cout << fmt::format("interrupted after {} of {} networks; the same command goes on from there\n",
                             result.trained, count);
    return;
  }
  std::cout << fmt::format("trained {} networks ({:.1f} s of training)\n", count, result.seconds);
  if (const int64_t rows = result.held_out.rows.numel(); rows > 0) {
    const torch::Tensor labels = dataset.labels.index_select(0, result.held_out.rows);
    const int64_t correct = result.held_out.probabilities.argmax(1).eq(labels).sum().item<int64_t>();
    std::cout << fmt::format("{} accuracy {} on {} rows, each scored by networks that never saw it\n",
                             config.folds > 0 ? "out-of-fold" : "validation", accuracy_text(correct, rows),
                             format_count(rows));
  }
  std::cout << "checkpoints " << config.out << '\n';
}

void print_recipe_help() {
  TrainConfig defaults;
  std::cout << "Flags of digitrec train for details of the training:\n";
  for (const ConfigOption& option : train_options(defaults)) {
    if (option.common) continue;
    std::cout << fmt::format("  {:<27} {}\n", fmt::format("{} [{}]", flag_name(option.key), option.get()), option.help);
  }
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

  ProgressLine progress;
  Followers followers(config, command.live, command.tensorboard);
  int64_t validation_rows = 0;
  TrainEvents events;
  events.on_start = [&](const TrainStart& start) {
    validation_rows = start.validation_rows;
    add_log_file(fs::path(config.out) / "train.log");
    log_start(config, device.reason, precision.reason, start);
    if (start.leaked_rows > 0) {
      warn(fmt::format(
          "{}: {} of the {} rows held back show images that are trained on too, or nearly the same: the accuracy "
          "on them flatters; remove the duplicates",
          dataset.source, format_count(start.leaked_rows), format_count(start.validation_rows)));
    }
    if (may_hold_kaggle_test_images(dataset)) {
      warn(fmt::format("{}: MNIST's files hold the images of Kaggle's test set; do not submit a model trained on them",
                       dataset.source));
    }
    catch_interrupt();
  };
  bool has_started = false;
  const auto member_events = [&](const Member& member) {
    TrainEvents of_member = events;
    if (member.is_trained)
      log(fmt::format("network {}/{} is there: {}", member.number, member.count, member.folder.string()));
    of_member.on_start = [&, member](const TrainStart& start) {
      if (!std::exchange(has_started, true)) events.on_start(start);
      followers.begin_network(member.folder, start);
      log(fmt::format("network {}/{}", member.number, member.count));
    };
    return of_member;
  };
  events.on_batch = [&](const BatchProgress& batch) { draw_progress(progress, batch); };
  events.on_epoch = [&](const EpochMetrics& metrics, bool is_best) {
    progress.clear();
    log_epoch(metrics, config.epochs, is_best);
    followers.add(metrics, is_best);
  };
  events.should_stop = [] { return interrupted(); };
  if (config.member == 0 && count_members(config) > 1) {
    const MembersResult result = train_members(config, dataset, config.out, member_events);
    progress.clear();
    print_result(result, config, dataset);
    followers.finish(result.reason);
    return result.reason == StopReason::interrupted ? kInterruptedExit : 0;
  }
  TrainEvents of_run = events;
  of_run.on_start = [&](const TrainStart& start) {
    events.on_start(start);
    followers.begin_network(config.out, start);
  };
  const TrainResult result = train(config, dataset, config.out, of_run);
  progress.clear();
  print_result(result, config, validation_rows);
  if (result.best) followers.finish(result.reason);
  return result.reason == StopReason::interrupted ? kInterruptedExit : 0;
}

}  // namespace

Run setup_train(CLI::App& app) {
  auto command = std::make_shared<TrainCommand>();
  CLI::App* sub = app.add_subcommand("train", "Train a preset; fills a run folder with checkpoints and metrics");
  sub->add_option("--config", command->config_file, "TOML file of settings; flags override it")->type_name("FILE");
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
  sub->add_flag("--help-recipe", command->help_recipe, "Print the flags for details of the training");
  sub->add_flag("--print-config", command->print_config, "Print the resulting settings as TOML and stop");
  return [command] { return run_train(*command); };
}

}  // namespace digitrec::cli
