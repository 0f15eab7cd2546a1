#include "cli/inference_options.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/data_options.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "core/names.h"
#include "core/precision.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "run/paths.h"

#include <spdlog/fmt/fmt.h>

#include <memory>

namespace digitrec::cli {

namespace {

/// A run's folder, or a file named as checkpoints are.
bool is_checkpoint(const std::string& word) {
  const std::filesystem::path path = word;
  if (lower_case(path.extension().string()) == ".safetensors") return true;
  const RunPaths run(path);
  return std::filesystem::is_directory(path) &&
         (std::filesystem::exists(run.config()) || std::filesystem::exists(run.best()));
}

}  // namespace

void add_inference_options(CLI::App& sub, InferenceOptions& options, const std::string& others) {
  sub.add_option("RUN", options.words, "Run folder or checkpoint; several vote by their mean probability" + others)
      ->type_name("");
  sub.add_option("--checkpoint", options.checkpoints, "The same, when a flag suits better")->type_name("F");
  sub.add_option("--device", options.device, "Device: auto, cpu, cuda, cuda:N or mps")->type_name("[auto]");
  sub.add_option("--precision", options.precision, "Precision of activations: auto, fp32 or bf16")->type_name("[auto]");
  sub.add_option("--threads", options.threads, "CPU threads; 0: one per physical core")
      ->check(whole_number(0, 1024))
      ->type_name("[0]");
  sub.add_flag("--tta", options.tta, "Test-time augmentation: the mean of nine views of every image");
  sub.add_flag("--transpose", options.transpose, "Swap rows and columns of the data's images; default: as trained");
  add_frame_option(sub, [&options](Framing framing) { options.framing = framing; }, "[as trained]");
}

std::vector<std::string> take_words(InferenceOptions& options, const std::string& command) {
  std::vector<std::string> others;
  for (const std::string& word : options.words) (is_checkpoint(word) ? options.checkpoints : others).push_back(word);
  if (!options.checkpoints.empty()) return others;
  if (others.empty()) throw UsageError(fmt::format("no run named; expected digitrec {} RUN", command));
  throw UsageError(
      fmt::format("{}: neither a run's folder nor a checkpoint; expected digitrec {} RUN", others.front(), command));
}

DataOptions data_options(const InferenceOptions& options, const Predictor& predictor) {
  DataOptions read = predictor.data_options();
  if (options.transpose) read.transpose = *options.transpose;
  if (options.framing) read.framing = *options.framing;
  return read;
}

PredictorOptions predictor_options(const InferenceOptions& options) {
  set_up_runtime(options.threads);
  const DeviceChoice device = choose_device(options.device);
  const PrecisionDecision precision = choose_precision(parse_precision(options.precision), device.device);
  log("device  " + device.reason);
  log("compute " + precision.reason);
  const auto on_progress = [line = std::make_shared<ProgressLine>()](double fraction) {
    line->draw({"reading images", fraction});
    if (fraction >= 1) line->clear();
  };
  return {device.device, precision.precision, options.tta, on_progress};
}

void report_networks(const Predictor& predictor) {
  for (const auto& [network, file, damage] : predictor.networks()) {
    if (!damage.empty()) warn(damage);
    if (!network.info.doubt.empty()) warn(network.info.doubt);
    log(fmt::format("model   {} ({})", network.info.preset, file.string()));
  }
}

void warn_of_missing_networks(const std::vector<std::filesystem::path>& checkpoints) {
  for (const std::string& line : missing_networks(checkpoints)) warn(line);
}

Predictor make_predictor(const InferenceOptions& options) {
  const PredictorOptions inference = predictor_options(options);
  const std::vector<std::filesystem::path> checkpoints(options.checkpoints.begin(), options.checkpoints.end());
  Predictor predictor(load_networks(checkpoints), inference);
  report_networks(predictor);
  warn_of_missing_networks(checkpoints);
  return predictor;
}

}  // namespace digitrec::cli
