#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace digitrec::cli {

/// What a subcommand does once the command line is parsed; returns the exit code. Errors are thrown.
using Run = std::function<int()>;

Run setup_data_show(CLI::App& data);  // below `data`
Run setup_data_convert(CLI::App& data);

/// The library names settings by their keys in backquotes; this puts the command line's flags there: `batch_size`
/// becomes --batch-size.
std::string with_flags(std::string_view message);

/// Takes whole numbers from `min` to `max` only.
CLI::Validator whole_number(int64_t min, int64_t max);

/// Throws UsageError for a file that is named like another kind of picture than PNG, which is all that we draw.
void require_png_name(const std::string& flag, const std::string& file);

/// Parses the command line and runs the subcommand it names. Throws UsageError for what cannot be parsed.
int run_command_line(int argc, char** argv);

}  // namespace digitrec::cli
