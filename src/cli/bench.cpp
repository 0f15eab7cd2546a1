#include "cli/command.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "cli/runtime.h"
#include "cli/table.h"
#include "core/file.h"
#include "core/precision.h"
#include "core/stopwatch.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"
#include "digitrec/data/source.h"
#include "digitrec/model/presets.h"
#include "figures/bench_chart.h"
#include "figures/gnuplot.h"
#include "synth/synth.h"
#include "train/benchmark.h"

#include <ATen/Parallel.h>

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

namespace digitrec::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Kaggle's training set: what one epoch means in the table.
constexpr double kEpochRows = 42'000;

struct BenchCommand {
  std::vector<std::string> models = preset_names();
  std::vector<std::string> devices{"cpu", "cuda", "mps"};
  std::vector<std::string> precisions{"auto"};
  std::vector<int64_t> batch_sizes{64};
  std::vector<int64_t> threads{0};
  int64_t epochs = 3;
  int64_t rows = 3200;
  std::string data;
  std::string kernels = "fused";
  bool json = false;
  std::string chart;
  std::string from;  ///< a file of results to draw instead of measuring
};

/// A setting with what was measured in it.
struct Row {
  BenchmarkCase setting;
  std::string device;
  int64_t threads;
  BenchmarkResult result;
};

struct Loading {
  std::string file;
  double megabytes = 0;
  Spread seconds;
};

/// The named devices that this machine has; the log names the others.
std::vector<DeviceChoice> find_devices(const std::vector<std::string>& names) {
  std::vector<DeviceChoice> found;
  for (const std::string& name : names) {
    try {
      found.push_back(choose_device(name));
    } catch (const UsageError&) {
      throw;
    } catch (const Error&) {
      log(fmt::format("skipped {}: not on this machine", name));
    }
  }
  if (found.empty()) throw Error("--devices: none of them is on this machine", "digitrec devices lists those that are");
  return found;
}

Dataset bench_data(const BenchCommand& command) {
  if (!command.data.empty()) return load_dataset(command.data, Purpose::train, {.max_rows = command.rows});
  return draw_synthetic_digits(command.rows, 42);
}

Loading measure_loading(const Dataset& dataset, const BenchCommand& command) {
  Loading loading{dataset.source, static_cast<double>(std::filesystem::file_size(dataset.source)) / 1e6, {}};
  std::vector<double> seconds;
  for (int64_t i = 0; i < command.epochs; ++i) {
    const Stopwatch watch;
    load_dataset(command.data, Purpose::train);
    seconds.push_back(watch.seconds());
  }
  loading.seconds = spread_of(std::move(seconds));
  return loading;
}

/// What a row's speed is compared with: the first of the same model and batch size, the CPU's where it is named first.
const Row& baseline(const Row& row, const std::vector<Row>& rows) {
  return *std::find_if(rows.begin(), rows.end(), [&](const Row& other) {
    return other.setting.model == row.setting.model && other.setting.batch_size == row.setting.batch_size;
  });
}

double speed_up(const Row& row, const std::vector<Row>& rows) {
  return row.result.train.median / baseline(row, rows).result.train.median;
}

std::string describe(const Row& row) {
  return fmt::format("{}, {}, {} thread{}", row.device, to_string(row.setting.execution.precision), row.threads,
                     row.threads == 1 ? "" : "s");
}

Json to_json(const Spread& spread) { return {{"median", spread.median}, {"low", spread.low}, {"high", spread.high}}; }

Json to_json(const Row& row, const std::vector<Row>& rows) {
  return {{"model", row.setting.model},
          {"device", row.device},
          {"precision", to_string(row.setting.execution.precision)},
          {"batch_size", row.setting.batch_size},
          {"threads", row.threads},
          {"train_images_per_second", to_json(row.result.train)},
          {"infer_images_per_second", to_json(row.result.infer)},
          {"epoch_seconds", kEpochRows / row.result.train.median},
          {"speed_up", speed_up(row, rows)},
          {"speed_up_over", describe(baseline(row, rows))}};
}

Json to_json(const std::vector<Row>& rows, const std::optional<Loading>& loading, const BenchCommand& command) {
  Json results = Json::array();
  for (const Row& row : rows) results.push_back(to_json(row, rows));
  Json json{{"digitrec", version()},     {"cpu", describe_device(at::kCPU)}, {"rows", command.rows},
            {"repeats", command.epochs}, {"kernels", command.kernels},       {"results", results}};
  if (loading) {
    json["loading"] = {
        {"file", loading->file}, {"megabytes", loading->megabytes}, {"seconds", to_json(loading->seconds)}};
  }
  return json;
}

Table make_table() {
  return {{{"model", 12, 0, true},
           {"device", 7, 0, true},
           {"prec.", 5, 3, true},
           {"batch", 5, 4},
           {"threads", 7, 4},
           {"trained/s", 11},
           {"(low - high)", 20, 5, true},
           {"inferred/s", 10, 2},
           {"epoch s", 9, 1},
           {"speed-up", 9, 2}},
          table_width(Stream::out)};
}

void print_row(const Table& table, const Row& row, const std::vector<Row>& rows) {
  const auto& [train, infer] = row.result;
  std::cout << table.row({row.setting.model, row.device, to_string(row.setting.execution.precision),
                          std::to_string(row.setting.batch_size), std::to_string(row.threads),
                          format_count(train.median),
                          fmt::format("({} - {})", format_count(train.low), format_count(train.high)),
                          format_count(infer.median), fmt::format("{:.2f}", kEpochRows / train.median),
                          fmt::format("{:.1f}x", speed_up(row, rows))})
            << '\n'
            << std::flush;
}

/// All combinations; the CPU's come first where it is named first.
std::vector<Row> settings(const BenchCommand& command, const std::vector<DeviceChoice>& devices) {
  std::vector<Row> rows;
  for (const std::string& model : command.models) {
    find_preset(model);
    for (const DeviceChoice& device : devices) {
      for (const std::string& precision : command.precisions) {
        for (const int64_t batch_size : command.batch_sizes) {
          for (const int64_t threads : command.threads) {
            const Execution execution{choose_precision(parse_precision(precision), device.device).precision,
                                      parse_kernels(command.kernels)};
            rows.push_back({{model, device.device, execution, batch_size}, device.device.str(), threads, {}});
          }
        }
      }
    }
  }
  return rows;
}

/// Draws what --json prints.
void draw_chart(const std::string& json, const std::string& source, const std::string& path) {
  draw_bench_chart(read_bench_json(json, source), path);
  log(fmt::format("chart   {}", std::filesystem::path(path).replace_extension(".png").string()));
}

/// The chart must not be drawn over what is read.
void require_chart_apart(const BenchCommand& command) {
  std::vector<Output> outputs;
  for (const char* extension : {".png", ".svg"})
    outputs.push_back({"--chart", std::filesystem::path(command.chart).replace_extension(extension)});
  std::vector<std::filesystem::path> inputs;
  for (const std::string& input : {command.from, command.data}) {
    if (!input.empty()) inputs.emplace_back(input);
  }
  require_apart(outputs, inputs);
}

int run_bench(const BenchCommand& command) {
  require_png_name("--chart", command.chart);
  if (!command.chart.empty()) require_chart_apart(command);
  if (!command.from.empty()) {
    if (command.chart.empty()) throw UsageError("--from needs --chart: the file to draw into");
    draw_chart(read_file(command.from, 1 << 24), command.from, command.chart);
    return 0;
  }
  if (!command.chart.empty()) require_gnuplot();  // before the work, not after it
  set_up_runtime(0);
  const int default_threads = at::get_num_threads();
  const std::vector<DeviceChoice> devices = find_devices(command.devices);
  std::vector<Row> rows = settings(command, devices);
  const Dataset dataset = bench_data(command);
  std::optional<Loading> loading;
  if (!command.data.empty()) loading = measure_loading(dataset, command);
  log(fmt::format("cpu     {}", choose_device("cpu").reason));
  log(fmt::format("data    {}: {} images, {} passes each", dataset.source, format_count(dataset.size()),
                  command.epochs));
  if (loading && !command.json) {
    log(fmt::format("loading {:.3f} s ({:.3f} - {:.3f}) for {:.1f} MB", loading->seconds.median, loading->seconds.low,
                    loading->seconds.high, loading->megabytes));
  }
  const Table columns = make_table();
  if (!command.json) std::cout << columns.header() << '\n' << std::flush;
  for (Row& row : rows) {
    if (row.threads == 0) row.threads = default_threads;
    row.threads = change_threads(row.threads);
    row.result = benchmark(row.setting, dataset, command.epochs);
    if (!command.json) print_row(columns, row, rows);
  }
  const Json json = to_json(rows, loading, command);
  if (command.json) std::cout << json.dump(2) << '\n';
  if (!command.chart.empty()) draw_chart(json.dump(), "the measurement", command.chart);
  return 0;
}

}  // namespace

Run setup_bench(CLI::App& app) {
  auto command = std::make_shared<BenchCommand>();
  CLI::App* sub = app.add_subcommand("bench", "Measure training and inference speed on the devices here");
  sub->add_option("--models", command->models, "Presets to measure, separated by commas")
      ->delimiter(',')
      ->type_name("[all]");
  sub->add_option("--devices", command->devices, "Devices to measure; missing ones are skipped")
      ->delimiter(',')
      ->type_name("[cpu,cuda,mps]");
  sub->add_option("--precisions", command->precisions, "Precisions to measure: auto, fp32, bf16")
      ->delimiter(',')
      ->type_name("[auto]");
  sub->add_option("--batch-sizes", command->batch_sizes, "Images in a training step")
      ->delimiter(',')
      ->check(whole_number(1, 1'000'000))
      ->type_name("[64]");
  sub->add_option("--threads", command->threads, "CPU threads; 0: one per physical core")
      ->delimiter(',')
      ->check(whole_number(0, 1024))
      ->type_name("[0]");
  sub->add_option("--epochs", command->epochs, "Passes to time after a warm-up; the median counts")
      ->check(whole_number(1, 1000))
      ->type_name("[3]");
  sub->add_option("--rows", command->rows, "Images in a pass")->check(whole_number(2, 1'000'000))->type_name("[3200]");
  sub->add_option("--data", command->data, "Data to use instead of synthetic digits; its loading is timed too")
      ->type_name("PATH");
  sub->add_option("--kernels", command->kernels, "Kernels: fused, or plain for LibTorch's own layers")
      ->type_name("[fused]");
  sub->add_flag("--json", command->json, "Print JSON");
  sub->add_option("--chart", command->chart, "Chart of the epoch times, as PNG and SVG")->type_name("FILE.png");
  sub->add_option("--from", command->from, "Results that --json printed, to draw instead of measuring")
      ->type_name("FILE");
  return [command] { return run_bench(*command); };
}

}  // namespace digitrec::cli
