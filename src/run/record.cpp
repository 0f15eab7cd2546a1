#include "run/record.h"

#include "core/file.h"
#include "core/number.h"
#include "core/precision.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "run/networks.h"
#include "run/paths.h"
#include "run/summary.h"

#include <csv.h>
#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <limits>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// A field of metrics.csv; blank for what was not measured.
double to_number(const char* text, const fs::path& file) {
  if (*text == '\0') return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const char* end = text + std::char_traits<char>::length(text);
  const auto [stop, error] = from_text(text, end, value);
  if (stop != end || error != std::errc{} || !std::isfinite(value))
    throw Error(fmt::format("{}: '{}' is not a number; was the file altered?", file.string(), text));
  return value;
}

}  // namespace

std::vector<EpochMetrics> read_epoch_metrics(const fs::path& file) {
  require_regular_file(file);
  std::vector<EpochMetrics> epochs;
  try {
    io::CSVReader<7, io::trim_chars<>, io::no_quote_escape<','>> reader(file.string());
    reader.read_header(io::ignore_extra_column, "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy",
                       "lr", "seconds");
    char* epoch = nullptr;
    char* train_loss = nullptr;
    char* train_accuracy = nullptr;
    char* val_loss = nullptr;
    char* val_accuracy = nullptr;
    char* lr = nullptr;
    char* seconds = nullptr;
    while (reader.read_row(epoch, train_loss, train_accuracy, val_loss, val_accuracy, lr, seconds)) {
      epochs.push_back({.epoch = std::llround(to_number(epoch, file)),
                        .train_loss = to_number(train_loss, file),
                        .train_accuracy = to_number(train_accuracy, file),
                        .val_loss = to_number(val_loss, file),
                        .val_accuracy = to_number(val_accuracy, file),
                        .lr = to_number(lr, file),
                        .seconds = to_number(seconds, file)});
    }
  } catch (const io::error::base& error) {
    throw Error(fmt::format("{}: not what train writes ({}); was the file altered?", file.string(), error.what()));
  }
  return epochs;
}

PredictorOptions options_as_trained(const TrainConfig& config) {
  const at::Device device = choose_device(config.device).device;
  return {device, choose_precision(config.precision, device).precision};
}

RunRecord load_run(const fs::path& folder, const std::string& data, const PredictorOptions& options) {
  const TrainConfig config = trained_config(folder);
  if (data.empty()) require_data(folder, config);
  const std::string& path = data.empty() ? config.data : data;
  return load_run(folder, load_dataset(path, Purpose::train, data_options(config)), options);
}

RunRecord load_run(const fs::path& folder, const Dataset& dataset, const PredictorOptions& options) {
  RunRecord run;
  run.folder = folder;
  run.name = fs::weakly_canonical(folder).filename().string();
  run.dataset = dataset;
  run.held_out = predict_held_out(folder, run.dataset, options);
  run.config = run.held_out.config;
  if (run.held_out.rows.numel() == 0)
    throw Error(fmt::format("{}: held back no rows; a report needs them", folder.string()));
  run.labels = run.dataset.labels.index_select(0, run.held_out.rows);
  run.metrics = compute_metrics(run.held_out.probabilities, run.labels, run.dataset.classes);
  for (const Loaded<Checkpoint>& network : load_networks({folder})) {
    const RunPaths member(network.file.parent_path());
    NetworkRecord record{network.file, read_epoch_metrics(member.metrics()), 0};
    const auto& metrics = network.value.info.metrics;
    if (const auto epoch = metrics.find("epoch"); epoch != metrics.end())
      record.best_epoch = std::llround(epoch->second);
    run.networks.push_back(std::move(record));
  }
  run.environment = read_environment(run.networks.front().checkpoint.parent_path());
  return run;
}

}  // namespace digitrec
