#pragma once

#include "digitrec/infer/predictor.h"

#include <CLI/CLI.hpp>

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
};

void add_inference_options(CLI::App& sub, InferenceOptions& options);

/// Sets up the runtime and loads the checkpoints, telling the log on which device.
/// Names the networks in the log, and warns of those that could not be used.
void report_networks(const Predictor& predictor);
Predictor make_predictor(const InferenceOptions& options);

/// Sets up the runtime and says in which device and precision, as the log tells.
PredictorOptions predictor_options(const InferenceOptions& options);

}  // namespace digitrec::cli
