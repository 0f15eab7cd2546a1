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
  std::vector<std::string> checkpoints;
  std::string device = "auto";
  std::string precision = "auto";
  int64_t threads = 0;
  bool tta = false;
  std::optional<bool> transpose{};  ///< as the network's own data was read where they are not given
  std::optional<Framing> framing{};
};

void add_inference_options(CLI::App& sub, InferenceOptions& options);

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
