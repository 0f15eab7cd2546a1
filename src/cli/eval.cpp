#include "cli/command.h"
#include "cli/console.h"
#include "cli/inference_options.h"
#include "digitrec/data/source.h"
#include "digitrec/infer/metrics.h"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

using Json = nlohmann::ordered_json;

struct EvalCommand {
  InferenceOptions inference;
  std::string data = "data";
  int64_t limit = 0;
  bool json = false;
};

void print_json(const EvalCommand& command, const Metrics& metrics) {
  Json classes = Json::array();
  for (size_t c = 0; c < metrics.classes.size(); ++c) {
    const ClassMetrics& m = metrics.classes[c];
    classes.push_back({{"class", c}, {"support", m.support}, {"precision", m.precision}, {"recall", m.recall}, {"f1", m.f1}});
  }
  const Json result{{"data", command.data},
                    {"checkpoints", command.inference.checkpoints},
                    {"rows", metrics.rows},
                    {"accuracy", metrics.accuracy},
                    {"loss", metrics.loss},
                    {"classes", classes},
                    {"confusion", metrics.confusion}};
  std::cout << result.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

/// The matrix fits a terminal up to this many classes; beyond them it is in the JSON alone.
constexpr size_t kMostClassesShown = 20;

void print_table(const Metrics& metrics) {
  int64_t correct = 0;
  for (size_t c = 0; c < metrics.classes.size(); ++c) correct += metrics.confusion[c][c];
  std::cout << fmt::format("accuracy {:.2f}% ({} of {})   loss {:.4f}\n\n", 100 * metrics.accuracy,
                           format_count(correct), format_count(metrics.rows),
                           metrics.loss);
  std::cout << "class   rows  precision  recall      f1\n";
  for (size_t c = 0; c < metrics.classes.size(); ++c) {
    const ClassMetrics& m = metrics.classes[c];
    std::cout << fmt::format("{:>5} {:>6}  {:>8.2f}% {:>6.2f}% {:>6.2f}%\n", c, m.support, 100 * m.precision,
                             100 * m.recall, 100 * m.f1);
  }
  if (metrics.classes.size() > kMostClassesShown) return;
  std::cout << "\nlabel (down) read as (across)\n     ";
  for (size_t c = 0; c < metrics.classes.size(); ++c) std::cout << fmt::format("{:>6}", c);
  std::cout << '\n';
  for (size_t label = 0; label < metrics.classes.size(); ++label) {
    std::cout << fmt::format("{:>5}", label);
    for (const int64_t count : metrics.confusion[label]) std::cout << fmt::format("{:>6}", count == 0 ? "." : std::to_string(count));
    std::cout << '\n';
  }
}

int run_eval(const EvalCommand& command) {
  Predictor predictor = make_predictor(command.inference);
  const Dataset dataset = load_dataset(command.data, Purpose::evaluate, command.limit);
  require_labels_below(dataset, predictor.shape().classes);
  log(fmt::format("data    {}: {} rows", dataset.source, format_count(dataset.size())));
  const Metrics metrics = compute_metrics(predictor.predict(dataset), dataset.labels);
  if (command.json) {
    print_json(command, metrics);
  } else {
    print_table(metrics);
  }
  return 0;
}

}  // namespace

Run setup_eval(CLI::App& app) {
  auto command = std::make_shared<EvalCommand>();
  CLI::App* sub = app.add_subcommand("eval", "Measure checkpoints on labelled data");
  add_inference_options(*sub, command->inference);
  sub->add_option("--data", command->data, "Folder with test.csv and test_labels.csv or t10k-*, or a labelled file")
      ->type_name("[data]");
  sub->add_option("--limit", command->limit, "Use only the first rows; 0: all")->check(CLI::Range(int64_t{0}, int64_t{1'000'000'000}).description(""))->type_name("[0]");
  sub->add_flag("--json", command->json, "Print JSON");
  return [command] { return run_eval(*command); };
}

}  // namespace digitrec::cli
