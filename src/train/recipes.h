#pragma once

#include "digitrec/train/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Settings that work well together: a file of configs/, embedded in the program. Its first lines are comments that say
/// what it is, what it reaches and what it costs.
struct Recipe {
  std::string name;       ///< the file's name without its extension
  std::string model;      ///< the preset that it trains
  std::string summary;    ///< one line
  std::string reaches;    ///< accuracy, and on what
  std::string costs;      ///< time, and on what
  std::string_view toml;  ///< the whole file
};

/// All recipes: the presets in their order, and of each the recipe of its own name first.
const std::vector<Recipe>& recipes();
/// Their names, in the same order.
std::vector<std::string> recipe_names();

/// Throws UsageError, naming the nearest, when there is none of that name.
const Recipe& find_recipe(const std::string& name);

/// Sets what the recipe names. Each preset has a recipe of its own name, which `train` uses by default.
void apply_recipe(TrainConfig& config, const Recipe& recipe);

}  // namespace digitrec
