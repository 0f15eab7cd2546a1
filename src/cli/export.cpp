#include "exchange/export.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/inference_options.h"
#include "cli/outputs.h"
#include "core/atomic_file.h"
#include "core/names.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <memory>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

const std::array<std::string, 1> kFormats{"onnx"};

struct ExportCommand {
  InferenceOptions inference{.checkpoints = {}, .device = "cpu", .precision = "fp32"};
  std::string format = kFormats.front();
  std::string out;
};

/// Says what `predict` does for these networks and the file does not.
void log_left_out(const Predictor& predictor) {
  const auto& networks = predictor.networks();
  const bool has_views = std::any_of(networks.begin(), networks.end(), [](const Loaded<Checkpoint>& network) {
    return network.value.info.learned_framing();
  });
  if (has_views) log("note    of a digit in a picture predict looks at nine views, the exported network at one");
  if (predictor.data_options().transpose)
    log("note    trained with rows and columns swapped (--transpose); the exported network takes such images too");
}

int run_export(ExportCommand& command) {
  find_name("--format", command.format, kFormats);
  const std::vector<std::string> input = sort_words(command.inference, "export");
  if (!input.empty()) throw UsageError(fmt::format("{}: export reads runs and checkpoints alone", input.front()));
  const fs::path out = output_file(command.out);
  const std::vector<std::string>& checkpoints = command.inference.checkpoints;
  require_apart({{"--out", out}}, {checkpoints.begin(), checkpoints.end()});
  AtomicFile file(out);
  Predictor predictor = make_predictor(command.inference);
  const OnnxExport exported = export_onnx(predictor);
  log_left_out(predictor);
  file.write(exported.bytes);
  file.commit();
  say_written(out, fmt::format("ONNX; on {} images its probabilities differ by at most {:.2g} from predict's",
                               kCheckedImages, exported.difference));
  return 0;
}

}  // namespace

Run setup_export(CLI::App& app) {
  auto command = std::make_shared<ExportCommand>();
  CLI::App* sub = app.add_subcommand("export", "Write a network for other programs: pixels in, probabilities out");
  sub->add_option("run", command->inference.words,
                  "Run folder or checkpoint; several become one that gives their mean probability")
      ->option_text("...");
  sub->add_option("--checkpoint", command->inference.checkpoints, "The runs, as a flag")->type_name("F");
  sub->add_option("--format", command->format, "Format: onnx")->type_name("[" + command->format + "]");
  sub->add_option("--out", command->out, "File to write, - for stdout")->required()->type_name("FILE");
  const auto refuse_views = [](int64_t /*given*/) {
    throw UsageError("--tta: the views of test-time augmentation cannot be exported", "leave it out");
  };
  sub->add_flag_function("--tta", refuse_views)->group("");  // not in help
  return [command] { return run_export(*command); };
}

}  // namespace digitrec::cli
