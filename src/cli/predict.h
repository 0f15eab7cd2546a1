#pragma once

#include "cli/inference_options.h"

#include <filesystem>
#include <string>

namespace digitrec::cli {

/// Labels the images of a test file, or of a folder that holds one: writes an `ImageId,Label` table to `out` ("-" is
/// stdout) and, unless empty, the probability of every class to `probabilities`. Throws Error.
void write_submission(const InferenceOptions& options, const std::filesystem::path& input, const std::string& out,
                      const std::string& probabilities = "");

}  // namespace digitrec::cli
