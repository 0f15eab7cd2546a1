#include "cli/inference_options.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/data_options.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "core/file_kind.h"
#include "core/names.h"
#include "core/precision.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "run/networks.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <memory>
#include <system_error>

namespace digitrec::cli {

namespace fs = std::filesystem;

namespace {

/// Whether the word can only mean networks, whatever state they are in.
bool is_checkpoint(const fs::path& word) {
  std::error_code ignored;
  if (!fs::is_directory(word, ignored)) return word.extension() == ".safetensors";
  const RunPaths run(word);
  return fs::exists(run.config()) || has_checkpoint(run) || !run.members().empty();
}

void require_on_disk(const std::string& word) {
  std::error_code ignored;
  if (word == "-" || fs::exists(word, ignored)) return;
  throw Error(fmt::format("{}: no such run, file or folder", word), "check the path");
}

}  // namespace

std::vector<std::string> sort_words(InferenceOptions& options, const std::string& command) {
  std::vector<std::string> input;
  // The flag takes all that follows it, also what is no run.
  const auto data = std::stable_partition(options.checkpoints.begin(), options.checkpoints.end(), [](const auto& word) {
    std::error_code ignored;
    return is_checkpoint(word) || !fs::exists(word, ignored);
  });
  if (data != options.checkpoints.begin()) {
    input.assign(data, options.checkpoints.end());
    options.checkpoints.erase(data, options.checkpoints.end());
  }
  for (const std::string& word : options.words) {
    if (is_checkpoint(word)) {
      options.checkpoints.push_back(word);
    } else {
      require_on_disk(word);
      input.push_back(word);
    }
  }
  require_run(options, command, input);
  return input;
}

void require_run(const InferenceOptions& options, const std::string& command, const std::vector<std::string>& input) {
  if (!options.checkpoints.empty()) return;
  if (input.empty()) throw UsageError(fmt::format("name a run: digitrec {} RUN", command));
  const FileKind kind = kind_of_file(input.front());
  if (kind.name.starts_with("a file of PyTorch")) {
    throw UsageError(fmt::format("{}: {}, no checkpoint of digitrec's", input.front(), kind.name),
                     fmt::format("make one of it: digitrec import {} --model NAME --out FILE.safetensors",
                                 shell_word(input.front())));
  }
  const std::string is = kind.name.empty() ? "neither" : fmt::format("{}, neither", kind.name);
  throw UsageError(fmt::format("{}: {} the folder of a run nor a .safetensors file", input.front(), is),
                   fmt::format("name a run before it: digitrec {} RUN {}", command, shell_word(input.front())));
}

void add_inference_options(CLI::App& sub, InferenceOptions& options, const std::string& words,
                           const std::string& read) {
  sub.add_option("run", options.words, read)->option_text(words);
  sub.add_option("--checkpoint", options.checkpoints, "The runs, as a flag")->type_name("F");
  sub.add_option("--device", options.device, "Device: auto, cpu, cuda, cuda:N or mps")->type_name("[auto]");
  sub.add_option("--precision", options.precision, "Precision of activations: auto, fp32 or bf16")->type_name("[auto]");
  sub.add_option("--threads", options.threads, "CPU threads; 0: one per physical core")
      ->check(whole_number(0, 1024))
      ->type_name("[0]");
  sub.add_flag("--tta", options.tta, "Test-time augmentation: mean of nine views");
  // Bound to the optional itself, CLI11 would take a flag that is not given for a false one.
  sub.add_flag_function(
      "--transpose", [&options](int64_t given) { options.transpose = given > 0; },
      "Swap the rows and columns of images; default: as trained");
  add_frame_option(sub, [&options](Framing framing) { options.framing = framing; }, "[as trained]");
}

DataOptions data_options(const InferenceOptions& options, const Predictor& predictor) {
  DataOptions read = predictor.data_options();
  if (options.transpose) read.transpose = read.transpose_pictures = *options.transpose;
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
    if (!network.doubt.empty()) warn(network.doubt);
    log(fmt::format("model   {} ({})", network.info.preset, file.string()));
  }
}

void recommend_robust(const Predictor& predictor) {
  const auto& networks = predictor.networks();
  const bool is_robust = std::any_of(networks.begin(), networks.end(), [](const Loaded<Checkpoint>& network) {
    return network.value.info.settings.empty() || network.value.info.learned_framing();
  });
  if (is_robust || !predictor.classes().are_digits(predictor.shape().classes)) return;
  log("hint    `digitrec train --recipe robust` reads pictures of other writers better than this run");
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
