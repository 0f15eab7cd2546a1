#pragma once

#include "digitrec/infer/predictor.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace digitrec::cli {

/// The flags that eval and predict share.
struct InferenceOptions {
  std::vector<std::string> words{};  ///< as they were given, besides flags
  std::vector<std::string> checkpoints;
  std::string device = "auto";
  std::string precision = "auto";
  int64_t threads = 0;
  bool tta = false;
  std::optional<bool> transpose{};  ///< as the network's own data was read where they are not given
  std::optional<Framing> framing{};
};

/// `others`: what words besides the runs are, for help; empty: there are none.
void add_inference_options(CLI::App& sub, InferenceOptions& options, const std::string& others);

/// Sorts the words of the command line: those that are runs or checkpoints join the checkpoints, the others are
/// returned. Throws UsageError when no checkpoint is named at all. `command`: the subcommand, for messages.
std::vector<std::string> take_words(InferenceOptions& options, const std::string& command);

/// Sets up the runtime; logs the device and precision that were chosen.
PredictorOptions predictor_options(const InferenceOptions& options);

/// The same, and loads and reports the checkpoints.
Predictor make_predictor(const InferenceOptions& options);

/// How data for the networks is to be read.
DataOptions data_options(const InferenceOptions& options, const Predictor& predictor);

/// Logs the networks, and warns of checkpoints that could not be used.
void report_networks(const Predictor& predictor);

/// Warns of runs that lack some of their networks.
void warn_of_missing_networks(const std::vector<std::filesystem::path>& checkpoints);

}  // namespace digitrec::cli
