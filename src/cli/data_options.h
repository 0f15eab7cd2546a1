#pragma once

#include "digitrec/data/source.h"

#include <CLI/CLI.hpp>

namespace digitrec::cli {

/// Adds the flags that say how data is read.
void add_data_options(CLI::App& sub, DataOptions& options);

/// Adds `--frame`, which sets `framing` when it is given.
CLI::Option* add_frame_option(CLI::App& sub, std::function<void(Framing)> set, const std::string& standard);

}  // namespace digitrec::cli
