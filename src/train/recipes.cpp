#include "train/recipes.h"

#include "core/names.h"
#include "digitrec/model/presets.h"
#include "recipe_texts.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace digitrec {
namespace {

/// The rest of the line "# KEY: " in the comment at the beginning of a recipe.
std::string comment_line(std::string_view toml, std::string_view key) {
  const std::string begin = "# " + std::string(key) + ": ";
  for (size_t line = 0; line < toml.size() && toml[line] == '#'; line = toml.find('\n', line) + 1) {
    const std::string_view rest = toml.substr(line);
    if (rest.starts_with(begin)) return std::string(rest.substr(begin.size(), rest.find('\n') - begin.size()));
  }
  throw std::logic_error("a recipe has no line '" + begin + "'");
}

Recipe read_recipe(const recipe_texts::Text& text) {
  TrainConfig config;
  apply_config_text(config, text.content, fmt::format("configs/{}.toml", text.name));
  return {.name = std::string(text.name),
          .model = config.model,
          .summary = comment_line(text.content, text.name),
          .reaches = comment_line(text.content, "reaches"),
          .costs = comment_line(text.content, "costs"),
          .toml = text.content};
}

}  // namespace

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all = [] {
    std::vector<Recipe> read;
    for (const recipe_texts::Text& text : recipe_texts::kTexts) read.push_back(read_recipe(text));
    const std::vector<std::string> models = preset_names();
    const auto place = [&](const Recipe& recipe) {
      return std::pair(std::find(models.begin(), models.end(), recipe.model), recipe.name.size());
    };
    std::sort(read.begin(), read.end(), [&](const Recipe& a, const Recipe& b) { return place(a) < place(b); });
    return read;
  }();
  return all;
}

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes()) names.push_back(recipe.name);
  return names;
}

const Recipe& find_recipe(const std::string& name) { return recipes()[find_name("recipe", name, recipe_names())]; }

void apply_recipe(TrainConfig& config, const Recipe& recipe) {
  apply_config_text(config, recipe.toml, fmt::format("configs/{}.toml", recipe.name));
}

}  // namespace digitrec
