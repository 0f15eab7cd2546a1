#include "cli/command.h"

#include "digitrec/core/error.h"
#include "digitrec/core/names.h"
#include "digitrec/core/version.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iostream>
#include <map>

namespace digitrec::cli {
namespace {

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// CLI11 would say only that a word was not expected; this names the nearest that is.
[[noreturn]] void fail_unknown(const CLI::App& app, const std::string& word) {
  const std::string see = fmt::format("see {} --help", app.get_parent() ? "digitrec " + app.get_name() : "digitrec");
  if (!word.starts_with('-')) {
    const std::vector<std::string> names = subcommand_names(app);
    if (!names.empty()) throw UsageError(fmt::format("unknown subcommand '{}'{}", word, suggest_name(word, names)));
    throw UsageError(fmt::format("unexpected argument '{}'; {}", word, see));
  }
  const std::string flag = word.substr(0, word.find('='));
  const std::string nearest = nearest_name(flag, flag_names(app));
  if (nearest.empty()) throw UsageError(fmt::format("unknown option '{}'; {}", flag, see));
  throw UsageError(fmt::format("unknown option '{}'; did you mean '{}'?", flag, nearest));
}

/// Subcommands keep the words they do not know; the innermost one that was named reports its first.
void refuse_unknown_words(const CLI::App& app) {
  for (const CLI::App* sub : app.get_subcommands()) refuse_unknown_words(*sub);
  const std::vector<std::string> words = app.remaining();
  if (words.empty()) return;
  // Where a subcommand may stand, a first word that is none explains all that follows it.
  const bool may_be_subcommand = !subcommand_names(app).empty() && !words.front().starts_with('-');
  const auto flag =
      std::find_if(words.begin(), words.end(), [](const std::string& word) { return word.starts_with('-'); });
  fail_unknown(app, may_be_subcommand || flag == words.end() ? words.front() : *flag);
}

void keep_unknown_words(CLI::App& app) {
  app.allow_extras();
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) keep_unknown_words(*sub);
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"Train, evaluate and submit handwritten-digit classifiers.", "digitrec"};
  app.set_version_flag("--version", version_line(), "Print the versions of digitrec, LibTorch and the compiler");
  std::map<std::string, Run> runs;
  runs["train"] = setup_train(app);
  runs["eval"] = setup_eval(app);
  runs["predict"] = setup_predict(app);
  runs["report"] = setup_report(app);
  runs["serve"] = setup_serve(app);
  runs["bench"] = setup_bench(app);
  runs["submit"] = setup_submit(app);
  runs["data"] = setup_data(app);
  runs["models"] = setup_models(app);
  runs["devices"] = setup_devices(app);
  keep_unknown_words(app);
  // Set last: subcommands would inherit it.
  app.footer("Start with: digitrec train --data DIR --model cnn   (digitrec COMMAND --help tells more)");

  try {
    app.parse(argc, argv);
    refuse_unknown_words(app);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    refuse_unknown_words(app);  // a misspelt flag explains the missing one better than CLI11's message does
    throw UsageError(one_line(error.what()) + "; see digitrec --help");
  }
  if (app.get_subcommands().empty()) {
    if (argc > 1) fail_unknown(app, argv[1]);
    std::cout << app.help();
    return 0;
  }
  return runs.at(app.get_subcommands().front()->get_name())();
}

}  // namespace digitrec::cli
