#include "cli/command.h"
#include "cli/console.h"
#include "cli/inference_options.h"
#include "cli/outputs.h"
#include "cli/table.h"
#include "data/class_names.h"
#include "data/formats.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/infer/metrics.h"
#include "digitrec/run/run.h"
#include "infer/metrics_json.h"
#include "infer/orientation.h"
#include "run/leak.h"
#include "run/networks.h"
#include "train/validation.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace digitrec::cli {
namespace {

using Json = nlohmann::ordered_json;

struct EvalCommand {
  InferenceOptions inference;
  std::string data;  ///< empty: the run's own with held_out, else "data"
  bool held_out = false;
  int64_t limit = 0;
  std::string class_names;
  bool json = false;
};

/// What was measured, and on the run's own rows how much of it was chosen on them.
struct Evaluation {
  Metrics metrics;
  std::string chosen_by{};
  std::string note{};
};

void print_json(const EvalCommand& command, const Evaluation& evaluation) {
  Json result{{"data", command.data}, {"checkpoints", command.inference.checkpoints}};
  if (command.held_out) result["chosen_by"] = evaluation.chosen_by;
  result.update(metrics_json(evaluation.metrics));
  std::cout << result.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

/// Confusions listed where the matrix does not fit.
constexpr size_t kMaxListed = 10;

void print_most_confused(const Metrics& metrics) {
  std::vector<std::tuple<int64_t, size_t, size_t>> confused;
  for (size_t label = 0; label < metrics.classes.size(); ++label) {
    for (size_t answer = 0; answer < metrics.classes.size(); ++answer) {
      const int64_t count = metrics.confusion[label][answer];
      if (label != answer && count > 0) confused.emplace_back(-count, label, answer);
    }
  }
  std::sort(confused.begin(), confused.end());
  confused.resize(std::min(kMaxListed, confused.size()));
  std::cout << "\nmost often confused\n";
  for (const auto& [count, label, answer] : confused) {
    std::cout << fmt::format("{:>5} read as {}: {}\n", printable(metrics.classes[label].name),
                             printable(metrics.classes[answer].name), -count);
  }
}

/// Columns that the longest of the classes' names takes in a table.
int longest_name(const Metrics& metrics) {
  size_t longest = 0;
  for (const ClassMetrics& m : metrics.classes) longest = std::max(longest, columns_of(table_name(m.name)));
  return static_cast<int>(longest);
}

void print_confusion(const Metrics& metrics, int width) {
  constexpr int kMaxWidth = 130;  // also where the output is a file
  const auto classes = static_cast<int>(metrics.classes.size());
  const int name = longest_name(metrics);
  const int cell = std::max({4, static_cast<int>(std::to_string(metrics.rows).size()) + 1, name + 1});
  const int first = std::max(5, name);
  if (first + classes * cell > std::min(width, kMaxWidth)) return print_most_confused(metrics);
  std::cout << "\nlabel (down) read as (across)\n" << std::string(static_cast<size_t>(first), ' ');
  for (const ClassMetrics& m : metrics.classes) std::cout << fmt::format("{:>{}}", table_name(m.name), cell);
  std::cout << '\n';
  for (size_t label = 0; label < metrics.classes.size(); ++label) {
    std::cout << fmt::format("{:>{}}", table_name(metrics.classes[label].name), first);
    for (const int64_t count : metrics.confusion[label])
      std::cout << fmt::format("{:>{}}", count == 0 ? "." : std::to_string(count), cell);
    std::cout << '\n';
  }
}

void print_evaluation(const Evaluation& evaluation) {
  const Metrics& metrics = evaluation.metrics;
  std::cout << fmt::format("accuracy {:.2f}%, 95% interval {:.2f} to {:.2f} ({} of {})\n", 100 * metrics.accuracy,
                           100 * metrics.interval.low, 100 * metrics.interval.high, format_count(metrics.correct),
                           format_count(metrics.rows))
            << fmt::format("loss {:.4f}, expected calibration error {:.2f}%\n", metrics.loss,
                           100 * metrics.calibration_error)
            << (evaluation.note.empty() ? "" : evaluation.note + "\n") << '\n';
  const int width = table_width(Stream::out);
  const Table table(
      {{"class", std::max(5, longest_name(metrics))}, {"rows", 6, 1}, {"precision", 9}, {"recall", 7}, {"f1", 7}},
      width);
  std::cout << table.header() << '\n';
  for (const ClassMetrics& m : metrics.classes) {
    std::cout << table.row({table_name(m.name), format_count(m.support), format_percent(m.precision),
                            format_percent(m.recall), format_percent(m.f1)})
              << '\n';
  }
  print_confusion(metrics, width);
}

/// Calls the classes as --class-names has them, by their labels, where the run knows no names.
Classes named(Classes classes, int64_t count, const std::string& file) {
  if (file.empty() || !classes.names.empty()) return classes;
  const std::vector<ClassName> lines = read_class_names(file);
  const bool is_in_order = lines.front().label < 0;
  if (is_in_order && static_cast<int64_t>(lines.size()) != count)
    throw Error(fmt::format("{}: {} names for the run's {} classes", file, lines.size(), count));
  std::vector<std::string> names;
  for (int64_t c = 0; c < count; ++c) {
    const auto has_label = [&](const ClassName& line) { return std::to_string(line.label) == classes.label(c); };
    const auto found = is_in_order ? lines.begin() + c : std::find_if(lines.begin(), lines.end(), has_label);
    if (found == lines.end()) throw Error(fmt::format("{}: no name for the run's label {}", file, classes.label(c)));
    names.push_back(found->name);
  }
  classes.names = std::move(names);
  return classes;
}

/// The accuracy on training rows says nothing about others.
void warn_of_training_data(const Predictor& predictor, const Dataset& dataset) {
  const LeakCheck check = find_leak(predictor, dataset);
  for (const std::string& line : check.unchecked) warn(line);
  if (!check.leak) return;
  warn(fmt::format(
      "{}: {} of the {} rows, or nearly the same images, are in {}, which {} was trained on; --held-out scores "
      "rows that it never saw",
      dataset.source, format_count(check.leak->rows), format_count(dataset.size()), check.leak->data,
      check.leak->checkpoint));
}

/// EMNIST's images lie on their side, and nothing in the file says so. `is_swapped`: as they were read.
void warn_of_images_on_their_side(Predictor& predictor, const Dataset& dataset, const at::Tensor& probabilities,
                                  bool is_swapped) {
  const auto found = find_better_swapped(predictor, dataset, probabilities);
  if (!found) return;
  const auto percent = [&](int64_t count) {
    return 100 * static_cast<double>(count) / static_cast<double>(found->rows);
  };
  warn(fmt::format(
      "{}: with rows and columns swapped {:.0f}% of the first {} rows are read rightly, not {:.0f}%: give {}",
      dataset.source, percent(found->swapped), format_count(found->rows), percent(found->correct),
      is_swapped ? "--transpose=false" : "--transpose"));
}

Evaluation evaluate(const EvalCommand& command) {
  Predictor predictor = make_predictor(command.inference);
  DataOptions options = data_options(command.inference, predictor);
  options.max_rows = command.limit;
  options.class_names = command.class_names;
  Dataset dataset = load_dataset(command.data, Purpose::evaluate, options);
  match_classes(dataset, predictor.classes(), predictor.shape().classes);
  log(fmt::format("data    {}: {} rows{}", dataset.source, format_count(dataset.size()), in_brackets(dataset.reading)));
  warn_of_training_data(predictor, dataset);
  const at::Tensor probabilities = predictor.predict(dataset);
  const bool are_pictures = std::filesystem::is_directory(dataset.source);
  if (!are_pictures) warn_of_images_on_their_side(predictor, dataset, probabilities, options.transpose);
  return {compute_metrics(probabilities, dataset.labels,
                          named(dataset.classes, predictor.shape().classes, command.class_names))};
}

/// On the run's own data, by networks that never saw the row.
Evaluation evaluate_held_out(EvalCommand& command) {
  if (command.inference.checkpoints.size() != 1)
    throw UsageError("--held-out: expected one run", "name it alone: digitrec eval RUN --held-out");
  const std::filesystem::path folder = command.inference.checkpoints.front();
  const TrainConfig config = trained_config(folder);
  if (command.data.empty()) {
    require_data(folder, config);
    command.data = config.data;
  }
  const PredictorOptions options = predictor_options(command.inference);
  const Dataset dataset = load_dataset(command.data, Purpose::train, data_options(config));
  const HeldOut held_out = predict_held_out(folder, dataset, options, command.limit);
  for (const std::string& doubt : held_out.doubts) warn(doubt);
  if (held_out.rows.numel() == 0)
    throw Error(fmt::format("{}: held no rows back", folder.string()), "evaluate it on other data");
  log(fmt::format(
      "data    {}: {} of {} rows were held back{}{}", dataset.source, format_count(held_out.held_back),
      format_count(dataset.size()), in_brackets(dataset.reading),
      command.limit > 0 ? fmt::format(", the first {} are scored", format_count(held_out.rows.numel())) : ""));
  return {compute_metrics(held_out.probabilities, dataset.labels.index_select(0, held_out.rows),
                          named(dataset.classes, dataset.num_classes(), command.class_names)),
          chosen_by(held_out.config, /*has_validation_rows=*/true), chosen_on_scored_rows(held_out.config)};
}

/// The data may be named with or without its flag.
void take_words(EvalCommand& command) {
  std::vector<std::string> data = sort_words(command.inference, "eval");
  if (!command.data.empty()) data.insert(data.begin(), command.data);
  if (data.size() > 1)
    throw UsageError(fmt::format("two data sets, {} and {}", data[0], data[1]), "name the one to evaluate on");
  if (!data.empty()) command.data = input_file(data.front());
}

int run_eval(EvalCommand& command) {
  take_words(command);
  if (command.data.empty() && !command.held_out) command.data = "data";
  const Evaluation evaluation = command.held_out ? evaluate_held_out(command) : evaluate(command);
  if (command.json) {
    print_json(command, evaluation);
  } else {
    print_evaluation(evaluation);
  }
  return 0;
}

}  // namespace

Run setup_eval(CLI::App& app) {
  auto command = std::make_shared<EvalCommand>();
  CLI::App* sub = app.add_subcommand("eval", "Measure checkpoints on labelled data");
  add_inference_options(*sub, command->inference, "... [data]",
                        "Run folder or checkpoint; several vote by their mean probability; then labelled data");
  sub->add_option("--data", command->data,
                  "Labelled data: a folder, or a file of " + data_format_names() + ", - for stdin")
      ->type_name("[data]");
  sub->add_flag("--held-out", command->held_out, "Score a run on its own data: each row by networks that never saw it");
  sub->add_option("--limit", command->limit, "Number of rows to use, from the first; 0: all")
      ->check(whole_number(0, 1'000'000'000))
      ->type_name("[0]");
  sub->add_option("--class-names", command->class_names, "File of the classes' names, if the run has none")
      ->type_name("FILE");
  sub->add_flag("--json", command->json, "Print JSON");
  return [command] { return run_eval(*command); };
}

}  // namespace digitrec::cli
