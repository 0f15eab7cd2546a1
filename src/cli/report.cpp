#include "cli/command.h"
#include "cli/console.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/report/figures.h"
#include "digitrec/train/members.h"

#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct ReportCommand {
  std::string run;
  std::string data;  ///< empty: where the run found it
};

int run_report(const ReportCommand& command) {
  const fs::path run = command.run;
  const TrainConfig config = read_run_config(run);
  const Dataset dataset = load_dataset(command.data.empty() ? config.data : command.data, Purpose::train, config.limit);
  const HeldOut held_out = predict_held_out(run, dataset, {.device = choose_device("auto").device});
  if (held_out.rows.numel() == 0)
    throw Error(fmt::format("{}: held no rows back, so that there is nothing to report on", run.string()));
  const fs::path figures = run / "figures";
  std::error_code error;
  fs::create_directories(figures, error);
  if (error) throw Error(fmt::format("{}: cannot be made: {}", figures.string(), error.message()));
  const int64_t mistakes = draw_mistakes(figures, config.model, dataset, held_out);
  std::cout << fmt::format("{}: {} of {} held-out rows misread\n", (figures / "mistakes.png").string(),
                           format_count(mistakes), format_count(held_out.rows.numel()));
  return 0;
}

}  // namespace

Run setup_report(CLI::App& app) {
  auto command = std::make_shared<ReportCommand>();
  CLI::App* sub = app.add_subcommand("report", "Draw what a run learned, into its folder");
  sub->add_option("run", command->run, "Run folder")->required()->type_name("RUN");
  sub->add_option("--data", command->data, "The data it was trained on, if that has moved")->type_name("PATH");
  return [command] { return run_report(*command); };
}

}  // namespace digitrec::cli
