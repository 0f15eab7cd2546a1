#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace digitrec::cli {

/// What a subcommand does once the command line is parsed; returns the exit code. Errors are thrown.
using Run = std::function<int()>;

// Each adds its subcommand with its flags to `app`; one file each.
Run setup_train(CLI::App& app);
Run setup_eval(CLI::App& app);
Run setup_predict(CLI::App& app);
Run setup_report(CLI::App& app);
Run setup_serve(CLI::App& app);
Run setup_bench(CLI::App& app);
Run setup_submit(CLI::App& app);
Run setup_data(CLI::App& app);
Run setup_data_show(CLI::App& data);  // below `data`
Run setup_models(CLI::App& app);
Run setup_devices(CLI::App& app);

/// Parses the command line and runs the subcommand it names. Throws UsageError for what cannot be parsed.
int run_command_line(int argc, char** argv);

}  // namespace digitrec::cli
