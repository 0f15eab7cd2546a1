#include "train/recipes.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/help.h"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

using Json = nlohmann::ordered_json;

Json describe(const Recipe& recipe) {
  return {{"recipe", recipe.name},     {"model", recipe.model}, {"summary", recipe.summary},
          {"reaches", recipe.reaches}, {"costs", recipe.costs}, {"toml", recipe.toml}};
}

int run_recipes(bool json) {
  if (json) {
    Json list = Json::array();
    for (const Recipe& recipe : recipes()) list.push_back(describe(recipe));
    std::cout << list.dump(2) << '\n';
    return 0;
  }
  constexpr size_t kColumn = 11;  // after "  reaches  "
  const auto width = static_cast<size_t>(table_width(Stream::out));
  for (const Recipe& recipe : recipes()) {
    std::cout << recipe.name << "\n  " << wrap(recipe.summary, 2, 2, width) << "\n  reaches  "
              << wrap(recipe.reaches, kColumn, kColumn, width) << "\n  costs    "
              << wrap(recipe.costs, kColumn, kColumn, width) << '\n';
  }
  std::cout << "train one with: digitrec train --recipe NAME\nshow its settings: digitrec train --recipe NAME "
               "--print-config\n";
  return 0;
}

}  // namespace

Run setup_recipes(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("recipes", "List the recipes in the program, what they reach and what they cost");
  sub->add_flag("--json", *json, "Print JSON");
  return [json] { return run_recipes(*json); };
}

}  // namespace digitrec::cli
