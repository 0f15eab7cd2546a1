#include "cli/command.h"
#include "cli/console.h"
#include "cli/predict.h"
#include "data/formats.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/run/run.h"
#include "kaggle/kaggle.h"
#include "kaggle/submission.h"
#include "run/paths.h"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <thread>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct SubmitCommand {
  std::string target;
  std::string message;
  std::string data = "data";
  bool dry_run = false;
  bool wait = false;
  int64_t timeout = 600;       ///< seconds until --wait gives up
  int64_t poll_interval = 10;  ///< seconds between two questions to Kaggle
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

/// What the competition expects, and which file says so.
std::pair<SampleSubmission, std::string> find_expected(const fs::path& submission, const fs::path& data) {
  const fs::path beside = submission.has_parent_path() ? submission.parent_path() : fs::path(".");
  for (const fs::path& folder : {beside, data}) {
    if (const auto sample = find_sample_submission(folder)) return {read_sample_submission(*sample), sample->string()};
  }
  return {digit_recognizer_sample(), "the competition"};
}

/// The ids of the test file beside a sample, or in `data`; none where it has none, or is not there.
std::vector<std::string> find_test_ids(const fs::path& sample, const fs::path& data) {
  for (const fs::path& folder : {sample.parent_path(), data}) {
    for (const FoundFile& found : find_files(DataFolder(folder), /*is_training=*/false)) {
      if (found.format == &data_formats().front()) return load_dataset(found.file, Purpose::predict).ids;  // CSV
    }
  }
  return {};
}

/// False once the user wants to leave.
bool pause(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  while (interrupted() == 0 && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return interrupted() == 0;
}

void say_allowance(const KaggleStanding& standing) {
  if (!standing.allowance) return;
  const auto [sent, left] = *standing.allowance;
  if (left > 0) {
    say(fmt::format("{} of {} submissions are left today (UTC)", left, left + sent));
  } else if (standing.is_counted) {
    warn(fmt::format("{} submissions were sent today (UTC), and Kaggle takes {} a day", sent, kDailySubmissions));
  }
}

/// Prints the score once it is there. Returns the exit code.
int wait_and_say_score(const SubmitCommand& command, const fs::path& file, const SentSubmission& sent) {
  const std::string last_line =
      "stopped waiting; Kaggle scores the submission all the same: see kaggle competitions "
      "submissions digit-recognizer";
  catch_interrupts("digitrec: " + last_line);
  log("waiting for the score; Ctrl-C leaves");
  const auto scored =
      wait_for_score(sent, static_cast<double>(command.timeout), static_cast<double>(command.poll_interval), pause);
  if (!scored) {
    log(last_line);
    return 128 + interrupted();
  }
  say(fmt::format("{}: Kaggle's public score is {}", file.string(),
                  scored->public_score.empty() ? "not published" : scored->public_score));
  return 0;
}

int hand_in(const SubmitCommand& command, const fs::path& file) {
  const KaggleStanding before = ask_kaggle(fmt::format("{:%F}", fmt::gmtime(std::time(nullptr))));
  say_allowance(before);
  const SentSubmission sent =
      submit_to_kaggle(file, command.message, before, static_cast<double>(command.poll_interval), pause);
  say(sent.said.empty() ? "submitted" : sent.said);
  if (!sent.found && !command.wait)
    warn("the kaggle program lists no submissions; look for it on kaggle.com/c/digit-recognizer/submissions");
  return command.wait ? wait_and_say_score(command, file, sent) : 0;
}

int run_submit(const SubmitCommand& command) {
  const Target target = find_target(command.target, command.data);
  const auto [expected, source] = find_expected(target.file, command.data);
  const Submission submission = check_submission(target.file, expected, target.classes);
  say(fmt::format("{}: valid: {} rows as in {}, each id once, labels 0 to {}", target.file.string(),
                  format_count(expected.rows), source, target.classes - 1));
  if (const std::string doubt = doubt_labels(submission.labels, target.classes); !doubt.empty())
    warn(fmt::format("{}: {}; is it what you mean to submit?", target.file.string(), doubt));
  if (const std::string doubt = doubt_order(submission, find_test_ids(source, command.data)); !doubt.empty())
    warn(fmt::format("{}: {}", target.file.string(), doubt));
  return command.dry_run ? 0 : hand_in(command, target.file);
}

}  // namespace

Run setup_submit(CLI::App& app) {
  auto command = std::make_shared<SubmitCommand>();
  CLI::App* sub = app.add_subcommand("submit", "Check a submission and hand it to the Kaggle CLI");
  CLI::Option* target =
      sub->add_option("target", command->target, "Submission, or a run: its submission.csv, made where it is missing")
          ->type_name("RUN|FILE");
  sub->add_option("-f,--file", command->target, "The same, as Kaggle's program has it")
      ->type_name("RUN|FILE")
      ->excludes(target);
  sub->add_option("-m,--message", command->message, "Line that Kaggle shows beside the submission")->type_name("TEXT");
  sub->add_option("--data", command->data,
                  "Folder of test.csv, and of sample_submission.csv where none is beside the file")
      ->type_name("[data]");
  sub->add_flag("--dry-run", command->dry_run, "Do not hand it in");
  sub->add_flag("--wait", command->wait, "Wait for the score and print it");
  sub->add_option("--timeout", command->timeout, "Seconds after which --wait gives up")
      ->check(whole_number(1, 86400))
      ->type_name("[600]");
  sub->add_option("--poll-interval", command->poll_interval, "Seconds between two looks at Kaggle's list")
      ->check(whole_number(1, 3600))
      ->type_name("[10]");
  return [command] {
    if (command->target.empty())
      throw UsageError("what to submit is missing; expected a run or a file, such as submission.csv");
    if (!command->dry_run && command->message.empty()) {
      throw UsageError("--message is missing; expected a line for Kaggle to show, such as -m 'cnn-bn, seed 42'");
    }
    return run_submit(*command);
  };
}

}  // namespace digitrec::cli
