#include "cli/command.h"
#include "cli/console.h"
#include "cli/data_options.h"
#include "cli/outputs.h"
#include "core/atomic_file.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/train/config.h"
#include "figures/sheet.h"
#include "train/augment.h"
#include "train/recipes.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

/// Images side by side on a sheet; with --augmented, the row itself and eleven variants.
constexpr int64_t kSheetColumns = 12;
/// Fixed, so that the same command shows the same variants.
constexpr uint64_t kSeed = 1;

struct ShowCommand {
  std::string path = "data";
  int64_t row = 1;
  int64_t count = 10;
  std::string recipe;
  std::string out;
  bool values = false;
  DataOptions options;
};

/// Images to show, uint8 [M, S, S], each with its caption.
struct Shown {
  at::Tensor images;
  at::Tensor labels;  ///< int64 [M], or undefined
  std::vector<std::string> captions;
};

std::string caption(const Dataset& dataset, int64_t row) {
  std::string text = fmt::format("row {}", row + 1);
  if (dataset.has_labels()) text += ": " + dataset.classes.name(dataset.labels[row].item<int64_t>());
  return text;
}

/// Each of the rows, followed by variants as the recipe's training would see them.
Shown with_variants(const Shown& rows, const std::string& recipe) {
  TrainConfig config;
  const std::vector<std::string> names = recipe_names();
  const bool is_name = std::find(names.begin(), names.end(), recipe) != names.end();
  is_name ? apply_recipe(config, find_recipe(recipe)) : apply_config_file(config, recipe);
  if (!config.augmentation.any()) {
    throw Error(fmt::format("{}: varies no images", recipe), "name a recipe with rotate, shift, ... such as best");
  }
  at::Tensor labels = rows.labels;
  if (!labels.defined()) {  // nothing says which digits to draw
    config.augmentation.synthetic = 0;
    labels = at::zeros({rows.images.size(0)}, at::kLong);
  }
  std::vector<at::Tensor> images;
  Shown shown;
  for (size_t i = 0; i < rows.captions.size(); ++i) {  // a batch a row, so that each shows all that may become of it
    const auto row = static_cast<int64_t>(i);
    const at::Tensor batch = rows.images.narrow(0, row, 1).repeat({kSheetColumns - 1, 1, 1});
    const at::Tensor varied = augment(batch, labels.narrow(0, row, 1).repeat(kSheetColumns - 1), config.augmentation,
                                      kSeed + static_cast<uint64_t>(i));
    images.push_back(rows.images.narrow(0, row, 1));
    images.push_back(varied.round().clamp(0, 255).to(at::kByte));
    shown.captions.push_back(rows.captions[i]);
    shown.captions.resize(shown.captions.size() + kSheetColumns - 1);
  }
  shown.images = at::cat(images);
  return shown;
}

/// As many side by side as fit the terminal.
void print_images(const Shown& shown) {
  const int64_t side = shown.images.size(1);
  const int64_t columns = std::max<int64_t>(1, (terminal_width(Stream::out) + 1) / (side + 1));
  for (int64_t first = 0; first < shown.images.size(0); first += columns) {
    const int64_t last = std::min(first + columns, shown.images.size(0));
    std::string captions;
    for (int64_t i = first; i < last; ++i) {
      captions += fmt::format("{:<{}} ", shown.captions[static_cast<size_t>(i)], side);
    }
    captions.erase(captions.find_last_not_of(' ') + 1);
    std::cout << captions << '\n';
    for (int64_t y = 0; y < side; y += 2) {
      std::string line;
      for (int64_t i = first; i < last; ++i) {
        const auto* pixels = shown.images[i].const_data_ptr<uint8_t>();
        line += half_blocks(pixels + y * side, y + 1 < side ? pixels + (y + 1) * side : nullptr, side);
        if (i + 1 < last) line += ' ';
      }
      std::cout << line << '\n';
    }
  }
}

/// The value of every pixel in the box around the ink, on its grey where the terminal has colour.
void print_values(const Shown& shown) {
  const bool colour = has_colour(Stream::out);
  for (int64_t i = 0; i < shown.images.size(0); ++i) {
    std::cout << shown.captions[static_cast<size_t>(i)] << '\n';
    const at::Tensor image = shown.images[i].contiguous();
    const at::Tensor rows = image.amax(1).nonzero();
    const at::Tensor columns = image.amax(0).nonzero();
    if (rows.numel() == 0) continue;  // blank
    const auto* pixels = image.const_data_ptr<uint8_t>();
    const auto right = columns[-1].item<int64_t>();
    for (auto y = rows[0].item<int64_t>(); y <= rows[-1].item<int64_t>(); ++y) {
      std::string line;
      for (auto x = columns[0].item<int64_t>(); x <= right; ++x) {
        const int value = pixels[y * image.size(1) + x];
        const std::string cell = fmt::format("{:>4}", value > 0 ? std::to_string(value) : ".");
        line += colour ? on_grey(cell, value) : cell;
      }
      std::cout << line << '\n';
    }
  }
}

int run_show(ShowCommand& command) {
  command.path = input_file(command.path);
  const std::filesystem::path out = output_file(command.out);
  if (!command.out.empty()) {
    require_apart({{"--out", out}}, {command.path, command.recipe, command.options.class_names});
    require_png_name("--out", command.out);
  }
  const Purpose purpose = is_data_folder(command.path) ? Purpose::train : Purpose::inspect;
  const Dataset dataset = load_dataset(command.path, purpose, command.options);
  if (command.row > dataset.size()) {
    throw Error(fmt::format("{}: has {} rows; expected --row 1 to {}", dataset.source, dataset.size(), dataset.size()));
  }
  const int64_t begin = command.row - 1;
  const int64_t end = std::min(dataset.size(), begin + command.count);
  Shown shown{dataset.images.slice(0, begin, end), {}, {}};
  if (dataset.has_labels()) shown.labels = dataset.labels.slice(0, begin, end);
  for (int64_t row = begin; row < end; ++row) shown.captions.push_back(caption(dataset, row));
  if (!command.recipe.empty()) shown = with_variants(shown, command.recipe);
  if (command.out.empty()) {
    command.values ? print_values(shown) : print_images(shown);
    return 0;
  }
  const at::Tensor sheet = tile_images(shown.images, {.columns = kSheetColumns, .zoom = 2, .gap = 2});
  write_file(out, encode_png(gray_image(sheet)));
  say_written(out, fmt::format("{} images", shown.images.size(0)));
  return 0;
}

}  // namespace

Run setup_data_show(CLI::App& data) {
  auto command = std::make_shared<ShowCommand>();
  CLI::App* sub = data.add_subcommand("show", "Show digits in the terminal, or draw a sheet of them");
  sub->add_option("path", command->path, "Data file, or a folder with training data")->type_name("[data]");
  sub->add_option("--row", command->row, "First row to show, counted from 1")
      ->check(whole_number(1, 1'000'000'000))
      ->type_name("[1]");
  sub->add_option("--count", command->count, "Number of rows")->check(whole_number(1, 10'000))->type_name("[10]");
  sub->add_option("--augmented", command->recipe, "Recipe or config file whose augmentation to show too, such as best")
      ->type_name("CONFIG");
  sub->add_option("--out", command->out, "PNG file to draw instead")->type_name("FILE.png");
  add_data_options(*sub, command->options);
  sub->add_flag("--values", command->values, "Print the value of every pixel, from 0, paper, to 255, ink");
  return [command] { return run_show(*command); };
}

}  // namespace digitrec::cli
