#include "cli/command.h"
#include "cli/console.h"
#include "cli/predict.h"
#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "kaggle/kaggle.h"
#include "kaggle/submission.h"
#include "run/paths.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <memory>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct SubmitCommand {
  std::string target;
  std::string message;
  std::string data = "data";
  bool dry_run = false;
};

struct Target {
  fs::path file;
  int64_t classes = 10;  ///< of the Digit Recognizer competition, unless a run says otherwise
};

/// A run means its submission.csv, made of the test file in `data` where it is missing, with as many classes as its
/// network has.
Target find_target(const std::string& name, const fs::path& data) {
  if (!fs::is_directory(name)) return {name};
  const fs::path file = RunPaths(name).submission();
  const std::vector<Loaded<Checkpoint>> networks = load_networks({name});
  if (!fs::exists(file)) {
    write_submission({.checkpoints = {name}}, data, file.string());  // names the networks that are damaged or missing
  } else {
    for (const Loaded<Checkpoint>& network : networks) {
      if (!network.damage.empty()) warn(network.damage);
    }
    for (const std::string& line : missing_networks({name})) warn(line);
    const bool is_older = std::any_of(networks.begin(), networks.end(), [&](const Loaded<Checkpoint>& network) {
      return fs::last_write_time(file) < fs::last_write_time(network.file);
    });
    if (is_older) warn(fmt::format("{} is older than the network; remove it to have it made again", file.string()));
  }
  return {file, networks.front().value.info.shape.classes};
}

/// How many rows the competition expects, and which file says so.
std::pair<int64_t, std::string> expected_rows(const fs::path& submission, const fs::path& data) {
  const fs::path beside = submission.has_parent_path() ? submission.parent_path() : fs::path(".");
  for (const fs::path& folder : {beside, data}) {
    if (const auto sample = find_sample_submission(folder)) return {count_submission_rows(*sample), sample->string()};
  }
  return {kDigitRecognizerTestRows, "the competition"};
}

int run_submit(const SubmitCommand& command) {
  const Target target = find_target(command.target, command.data);
  const auto [rows, source] = expected_rows(target.file, command.data);
  const std::vector<int64_t> labels = check_submission(target.file, rows, target.classes);
  say(fmt::format("{}: valid: {} rows as in {}, ids 1 to {}, each once, labels 0 to {}", target.file.string(),
                  format_count(rows), source, rows, target.classes - 1));
  if (const std::string doubt = doubt_labels(labels, target.classes); !doubt.empty())
    warn(fmt::format("{}: {}; is it what you mean to submit?", target.file.string(), doubt));
  if (command.dry_run) return 0;
  say(submit_to_kaggle(target.file, command.message));
  return 0;
}

}  // namespace

Run setup_submit(CLI::App& app) {
  auto command = std::make_shared<SubmitCommand>();
  CLI::App* sub = app.add_subcommand("submit", "Check a submission and hand it to the Kaggle CLI");
  sub->add_option("target", command->target, "Submission, or a run: its submission.csv, made where it is missing")
      ->required()
      ->type_name("RUN|FILE");
  sub->add_option("-m,--message", command->message, "Line that Kaggle shows beside the submission")->type_name("TEXT");
  sub->add_option("--data", command->data,
                  "Folder of test.csv, and of sample_submission.csv where none is beside the file")
      ->type_name("[data]");
  sub->add_flag("--dry-run", command->dry_run, "Do not hand it in");
  return [command] {
    if (!command->dry_run && command->message.empty()) {
      throw UsageError("--message is missing; expected a line for Kaggle to show, such as -m 'cnn-bn, seed 42'");
    }
    return run_submit(*command);
  };
}

}  // namespace digitrec::cli
