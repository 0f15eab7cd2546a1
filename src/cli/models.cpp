#include "cli/command.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/table.h"
#include "digitrec/model/classifier.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

int run_models(bool json) {
  const ModelShape shape;  // 10 classes, 28 x 28
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  const Table table({{"model", 12, 0, true}, {"parameters", 10}, {"multiply-adds", 13}}, table_width(Stream::out));
  // On a terminal that is too narrow for the longest list of layers, each gets lines of its own.
  constexpr size_t kIndent = 4;
  const auto width = static_cast<size_t>(table_width(Stream::out));
  const size_t longest = std::max_element(presets().begin(), presets().end(), [](const Preset& a, const Preset& b) {
                           return a.summary.size() < b.summary.size();
                         })->summary.size();
  const bool is_wide = table.header().size() + 2 + longest <= width;
  if (!json) std::cout << table.header() << (is_wide ? "  layers (for 28 x 28 images, 10 classes)\n" : "\n");
  for (const Preset& preset : presets()) {
    const auto model = build_model(preset.name, shape);
    const int64_t parameters = count_parameters(*model);
    const int64_t multiply_adds = model->multiply_adds();
    list.push_back({{"model", preset.name},
                    {"parameters", parameters},
                    {"multiply_adds", multiply_adds},
                    {"training_multiply_adds", model->training_multiply_adds()},
                    {"layers", preset.summary}});
    if (json) continue;
    std::cout << table.row({preset.name, format_count(parameters), format_count(multiply_adds)})
              << (is_wide ? "  " + preset.summary
                          : "\n" + std::string(kIndent, ' ') + wrap(preset.summary, kIndent, kIndent, width))
              << '\n';
  }
  if (json) std::cout << list.dump(2) << '\n';
  return 0;
}

}  // namespace

Run setup_models(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("models", "List the presets with their size");
  sub->add_flag("--json", *json, "Print JSON");
  return [json] { return run_models(*json); };
}

}  // namespace digitrec::cli
