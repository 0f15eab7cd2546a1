#include "cli/command.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "core/atomic_file.h"
#include "core/file.h"
#include "core/precision.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "figures/figures.h"
#include "page/page.h"
#include "run/paths.h"

#include <c10/core/Device.h>

#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <memory>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct ReportCommand {
  std::vector<std::string> runs;
  std::string data;  ///< empty: where each run's config says
  std::string out;   ///< empty: the run's own folder
};

/// Refuses to write over the runs and their data, should a file of the report be a link to one of theirs.
void require_apart_from(const std::vector<RunRecord>& runs, const fs::path& out) {
  std::vector<Output> outputs{{"--out", RunPaths(out).report()}};
  std::error_code ignored;  // without the folder there are none
  for (const auto& entry : fs::directory_iterator(RunPaths(out).figures(), ignored))
    outputs.push_back({"--out", entry.path()});
  std::vector<fs::path> inputs;
  for (const RunRecord& run : runs) inputs.insert(inputs.end(), {run.folder, run.dataset.source});
  require_apart(outputs, inputs);
}

/// Names runs by their paths where their names are equal.
void name_apart(std::vector<RunRecord>& runs) {
  std::map<std::string, int> times;
  for (const RunRecord& run : runs) ++times[run.name];
  for (RunRecord& run : runs) {
    if (times[run.name] > 1) run.name = run.folder.string();
  }
}

int run_report(const ReportCommand& command) {
  if (command.runs.size() > 1 && command.out.empty())
    throw UsageError("several runs, and no place for their page", "name a folder with --out");
  const fs::path out = command.out.empty() ? command.runs.front() : command.out;
  set_up_runtime(0);
  const at::Device device = choose_device("auto").device;
  const Precision precision = choose_precision(parse_precision("auto"), device).precision;
  std::vector<RunRecord> runs;
  ProgressLine progress;
  for (size_t i = 0; i < command.runs.size(); ++i) {
    const auto draw = [&](double fraction) { progress.draw({fmt::format("reading {}", command.runs[i]), fraction}); };
    draw(0);
    runs.push_back(load_run(command.runs[i], command.data, {device, precision, /*tta=*/false, draw}));
    for (const std::string& doubt : runs.back().held_out.doubts) warn(doubt);
  }
  name_apart(runs);
  require_apart_from(runs, out);
  make_folder(out);
  const fs::path page = RunPaths(out).report();
  write_file(page, report_page(runs));
  progress.clear();
  say(page.string());
  std::cout << std::flush;
  if (runs.size() > 1) return 0;
  const fs::path figures = RunPaths(out).figures();
  make_folder(figures);
  // Last, so that the page is written even without gnuplot.
  progress.draw({"drawing figures", 0});
  double drawn = 0;
  const std::vector<std::string> notes = draw_figures(runs.front(), figures, [&](const fs::path& file) {
    progress.clear();
    say(file.string());
    std::cout << std::flush;
    progress.draw({"drawing figures", ++drawn / 9});
  });
  progress.clear();
  for (const std::string& note : notes) warn(note);
  return 0;
}

}  // namespace

Run setup_report(CLI::App& app) {
  auto command = std::make_shared<ReportCommand>();
  CLI::App* sub =
      app.add_subcommand("report", "Draw what a run learned: figures and a page; several runs side by side");
  sub->add_option("run", command->runs, "Run folder")->required()->type_name("RUN");
  sub->add_option("--data", command->data, "Training data, if it has moved")->type_name("PATH");
  sub->add_option("--out", command->out, "Folder for report.html and figures/, if not the run's own")->type_name("DIR");
  return [command] { return run_report(*command); };
}

}  // namespace digitrec::cli
