#pragma once

#include "digitrec/infer/predictor.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace digitrec::cli {

/// The flags that eval, predict and serve share.
struct InferenceOptions {
  std::vector<std::string> checkpoints;
  std::vector<std::string> words{};  ///< without a flag before them: see sort_words
  std::string device = "auto";
  std::string precision = "auto";
  int64_t threads = 0;
  bool tta = false;
  std::optional<bool> transpose{};  ///< as the network's own data was read where they are not given
  std::optional<Framing> framing{};
};

/// `words`: what may follow the command, as help shows it: "... [data]". `read`: what those words are.
void add_inference_options(CLI::App& sub, InferenceOptions& options, const std::string& words, const std::string& read);

/// Puts the run folders and .safetensors files among the words with the checkpoints, and returns the others: what the
/// command reads. Throws Error for a word that is nothing on disk, UsageError where no checkpoint is named.
std::vector<std::string> sort_words(InferenceOptions& options, const std::string& command);

/// Throws UsageError where no checkpoint is named, with what to type. `input`: words that are none.
void require_run(const InferenceOptions& options, const std::string& command,
                 const std::vector<std::string>& input = {});

/// Sets up the runtime; logs the device and precision that were chosen.
PredictorOptions predictor_options(const InferenceOptions& options);

/// The same, and loads and reports the checkpoints.
Predictor make_predictor(const InferenceOptions& options);

/// How data for the networks is to be read.
DataOptions data_options(const InferenceOptions& options, const Predictor& predictor);

/// Logs the networks, and warns of checkpoints that could not be used.
void report_networks(const Predictor& predictor);

/// Where the networks know only one set's writers, logs which recipe reads other people's digits better.
void recommend_robust(const Predictor& predictor);

/// Warns of runs that lack some of their networks.
void warn_of_missing_networks(const std::vector<std::filesystem::path>& checkpoints);

}  // namespace digitrec::cli
