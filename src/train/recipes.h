#pragma once

#include "digitrec/train/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Settings that were found to work together, kept in the program: the files of configs/. The first lines of each are
/// comments that say what it is, what it reaches and what it costs.
struct Recipe {
  std::string name;      ///< of the file, without its ending
  std::string summary;   ///< one line
  std::string reaches;   ///< accuracy, and on what
  std::string costs;     ///< time, and on what
  std::string_view toml;  ///< the whole file
};

/// All recipes by name.
const std::vector<Recipe>& recipes();
std::vector<std::string> recipe_names();

/// Throws UsageError, naming the nearest, when there is none of that name.
const Recipe& find_recipe(const std::string& name);

/// Sets what the recipe names. Each preset has one of its own name, which `train` takes when nothing else is asked for.
void apply_recipe(TrainConfig& config, const Recipe& recipe);

}  // namespace digitrec
