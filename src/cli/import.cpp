#include "exchange/import.h"
#include "checkpoint/contents.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "cli/table.h"
#include "core/names.h"
#include "core/number.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>

namespace digitrec::cli {
namespace {

struct ImportCommand {
  std::string file;
  std::string normalize;
  std::string class_names;
  std::string out;
  ImportOptions options;
};

/// "0.1307,0.3081"
Normalization parse_normalization(const std::string& text) {
  const size_t comma = text.find(',');
  if (comma == std::string::npos)
    throw UsageError(
        fmt::format("--normalize: '{}' is no mean and deviation; expected two numbers, such as 0.1307,0.3081", text));
  Normalization normalization;
  auto wrong = parse_number(text.substr(0, comma), kMeans, normalization.mean);
  if (!wrong) wrong = parse_number(text.substr(comma + 1), kDeviations, normalization.deviation);
  if (wrong) throw UsageError("--normalize: " + *wrong);
  return normalization;
}

std::string cell(const NamedTensor& tensor) { return tensor.tensor.defined() ? table_name(tensor.name) : ""; }

std::string shape_cell(const TensorPair& pair) {
  const at::Tensor& ours = pair.ours.tensor;
  const at::Tensor& theirs = pair.theirs.tensor;
  if (!ours.defined() || !theirs.defined()) return describe_shape(ours.defined() ? ours : theirs);
  if (pair.fit == Fit::fits) return describe_shape(ours);
  return fmt::format("{}, not {}", describe_shape(theirs), describe_shape(ours));
}

/// What of the file is which tensor of the preset, a line each.
void log_mapping(const Mapping& mapping, const std::string& preset) {
  size_t ours = preset.size();
  size_t theirs = 0;
  for (const TensorPair& pair : mapping.pairs) {
    ours = std::max(ours, cell(pair.ours).size());
    theirs = std::max(theirs, cell(pair.theirs).size());
  }
  const Table table({{preset, static_cast<int>(ours), 0, true},
                     {"in the file", static_cast<int>(std::max<size_t>(theirs, 11)), 0, true},
                     {"", 9, 0, true},
                     {"shape", 5, 0, true}},
                    table_width(Stream::err));
  log(table.header());
  const auto word = [](Fit fit) {
    constexpr std::array kWords{"fits", "missing", "misshapen", "too many"};
    return std::string(kWords[static_cast<size_t>(fit)]);
  };
  for (const TensorPair& pair : mapping.pairs)
    log(table.row({cell(pair.ours), cell(pair.theirs), word(pair.fit), shape_cell(pair)}));
}

Imported import_and_tell(const ImportCommand& command) {
  try {
    return import_weights(command.file, command.options);
  } catch (const UnfitWeights& error) {
    log_mapping(error.mapping(), command.options.model.empty() ? "model" : command.options.model);
    throw;
  }
}

int run_import(ImportCommand& command) {
  if (!command.out.ends_with(".safetensors"))
    throw UsageError(fmt::format("--out: {}: a checkpoint's name ends in .safetensors", command.out));
  if (!command.normalize.empty()) command.options.normalization = parse_normalization(command.normalize);
  command.options.class_names = command.class_names;
  require_apart({{"--out", command.out}}, {command.file, command.class_names});
  const Imported imported = import_and_tell(command);
  const CheckpointInfo& info = imported.network.info;
  if (!imported.mapping.is_by_name) {
    log_mapping(imported.mapping, info.preset);
    log("the names are not those of digitrec: layers were found by their shapes and order; see above");
  }
  for (const std::string& doubt : imported.doubts) warn(with_flags(doubt));
  save_checkpoint(command.out, *imported.network.model, info);
  say_written(command.out, fmt::format("{}, {} classes, pixels of mean {} and deviation {}", info.preset,
                                       info.shape.classes, info.normalization.mean, info.normalization.deviation));
  return 0;
}

}  // namespace

Run setup_import(CLI::App& app) {
  auto command = std::make_shared<ImportCommand>();
  CLI::App* sub = app.add_subcommand("import", "Make a checkpoint of weights that another program saved");
  sub->add_option("file", command->file, "A .safetensors, .pth or .pt file")->required()->type_name("FILE");
  sub->add_option("--model", command->options.model, "Preset that they are of; a file of digitrec's says it itself")
      ->type_name("NAME");
  sub->add_option("--normalize", command->normalize,
                  "Mean and deviation of the pixels, scaled to 0..1, that it was trained with; 0,1 for pixel / 255")
      ->type_name("MEAN,STD");
  sub->add_option("--class-names", command->class_names, "Text file of the classes' names, one a line")
      ->type_name("FILE");
  sub->add_option("--out", command->out, "Checkpoint to write, a .safetensors file")->required()->type_name("F");
  return [command] { return run_import(*command); };
}

}  // namespace digitrec::cli
