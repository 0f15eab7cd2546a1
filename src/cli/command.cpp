#include "cli/command.h"

#include "cli/help.h"
#include "core/names.h"
#include "core/number.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>

namespace digitrec::cli {

// A subcommand is one file, which adds its flags and returns its run function, and one row here.
Run setup_train(CLI::App& app);
Run setup_recipes(CLI::App& app);
Run setup_eval(CLI::App& app);
Run setup_predict(CLI::App& app);
Run setup_report(CLI::App& app);
Run setup_serve(CLI::App& app);
Run setup_bench(CLI::App& app);
Run setup_submit(CLI::App& app);
Run setup_data(CLI::App& app);
Run setup_models(CLI::App& app);
Run setup_devices(CLI::App& app);
Run setup_import(CLI::App& app);
Run setup_export(CLI::App& app);

namespace {

/// In the order of help.
constexpr std::array kCommands{setup_train, setup_recipes, setup_eval,   setup_predict, setup_report,
                               setup_serve, setup_bench,   setup_submit, setup_import,  setup_export,
                               setup_data,  setup_models,  setup_devices};

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

/// "see digitrec train --help".
std::string see_help(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* parent = app.get_parent(); parent != nullptr; parent = parent->get_parent()) {
    name.insert(0, parent->get_name() + " ");
  }
  return fmt::format("see {} --help", name);
}

/// What other programs call our flags.
struct Synonym {
  const char* theirs;
  const char* ours;
};
constexpr std::array kSynonyms{
    Synonym{"-o", "--out"},           Synonym{"--learning-rate", "--lr"},   Synonym{"--model", "--checkpoint"},
    Synonym{"--run", "--checkpoint"}, Synonym{"--weights", "--checkpoint"}, Synonym{"--input", "--data"},
    Synonym{"-f", "--input"},         Synonym{"--data", "--input"},         Synonym{"--file", "--input"},
    Synonym{"-f", "--data"},          Synonym{"--file", "--data"},          Synonym{"--model", "--models"},
    Synonym{"--host", "--address"},   Synonym{"--bind", "--address"},       Synonym{"-p", "--port"},
    Synonym{"--gpu", "--device"},     Synonym{"--cuda", "--device"},        Synonym{"--cpu", "--device"},
    Synonym{"-e", "--epochs"},        Synonym{"-b", "--batch-size"},        Synonym{"--val-split", "--val-fraction"},
    Synonym{"--image", "--input"},    Synonym{"-c", "--competition"},
};

/// What other programs call our commands.
constexpr std::array kCommandSynonyms{
    Synonym{"evaluate", "eval"},        Synonym{"test", "eval"},         Synonym{"infer", "predict"},
    Synonym{"classify", "predict"},     Synonym{"inference", "predict"}, Synonym{"fit", "train"},
    Synonym{"convert", "data convert"}, Synonym{"info", "data info"},    Synonym{"show", "data show"},
    Synonym{"benchmark", "bench"},      Synonym{"server", "serve"},      Synonym{"web", "serve"},
};

/// One name begins with the other, as --output with --out and --batch-size with --batch.
bool is_longer_or_shorter(const std::string& a, const std::string& b) {
  constexpr size_t kMinShared = 5;  // two hyphens and three letters
  return std::min(a.size(), b.size()) >= kMinShared && (a.starts_with(b) || b.starts_with(a));
}

/// The flag of the subcommand that is meant; empty where none is near.
std::string nearest_flag(const CLI::App& app, const std::string& flag) {
  const std::vector<std::string> names = flag_names(app);
  for (const auto& [theirs, ours] : kSynonyms) {
    if (flag == theirs && std::find(names.begin(), names.end(), ours) != names.end()) return ours;
  }
  const auto longer = std::find_if(names.begin(), names.end(),
                                   [&](const std::string& name) { return is_longer_or_shorter(flag, name); });
  return longer != names.end() ? *longer : nearest_name(flag, names);
}

/// CLI11 would only say that the word was not expected; this suggests the nearest known one.
[[noreturn]] void fail_unknown(const CLI::App& app, const std::string& word) {
  const std::string see = see_help(app);
  if (!word.starts_with('-')) {
    const std::vector<std::string> names = subcommand_names(app);
    for (const auto& [theirs, ours] : kCommandSynonyms) {
      const bool is_known = app.get_parent() == nullptr && word == theirs;
      if (is_known) throw UsageError(fmt::format("unknown subcommand '{}'; did you mean '{}'?", word, ours));
    }
    if (!names.empty()) throw UsageError(fmt::format("unknown subcommand '{}'{}", word, suggest_name(word, names)));
    throw UsageError(fmt::format("unexpected argument '{}'", word), see);
  }
  const std::string flag = word.substr(0, word.find('='));
  const std::string nearest = nearest_flag(app, flag);
  if (nearest.empty()) throw UsageError(fmt::format("unknown option '{}'", flag), see);
  throw UsageError(fmt::format("unknown option '{}'", flag), fmt::format("did you mean '{}'?", nearest));
}

/// Each subcommand keeps its unknown words; the innermost named one reports its first.
void refuse_unknown_words(const CLI::App& app) {
  for (const CLI::App* sub : app.get_subcommands()) refuse_unknown_words(*sub);
  const std::vector<std::string> words = app.remaining();
  if (words.empty()) return;
  // Where a subcommand is expected, an unknown first word explains all that follows.
  const bool may_be_subcommand = !subcommand_names(app).empty() && !words.front().starts_with('-');
  const auto flag =
      std::find_if(words.begin(), words.end(), [](const std::string& word) { return word.starts_with('-'); });
  fail_unknown(app, may_be_subcommand || flag == words.end() ? words.front() : *flag);
}

void keep_unknown_words(CLI::App& app) {
  app.allow_extras();
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) keep_unknown_words(*sub);
}

const CLI::App* find_subcommand(const CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

/// `digitrec help train` is `digitrec train --help`.
int print_help(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* named = &app;
  std::string before;
  for (const std::string& word : words) {
    const CLI::App* sub = find_subcommand(*named, word);
    if (sub == nullptr) fail_unknown(*named, word);
    before += (before.empty() ? "" : " ") + named->get_name();
    named = sub;
  }
  std::cout << named->help(before);
  return 0;
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

/// CLI11's message in a user's words.
std::string describe(const CLI::ParseError& error) {
  std::string message = one_line(error.what());
  const std::string flag = message.substr(0, message.find(':'));
  if (error.get_name() == "ArgumentMismatch") {
    if (message.ends_with(" missing")) return flag + ": its value is missing";
    if (message.find(": At Most 1 ") != std::string::npos) return flag + ": given more than once";
  }
  // "Could not convert: --tta = maybe"
  if (error.get_name() == "ConversionError" && flag == "Could not convert")
    return "not understood: " + message.substr(flag.size() + 2);
  return message;
}

}  // namespace

CLI::Validator whole_number(int64_t min, int64_t max) {
  const auto check = [range = Range<int64_t>{min, max}](const std::string& text) {
    int64_t value = 0;
    return parse_number(text, range, value).value_or("");
  };
  return {check, ""};
}

void require_png_name(const std::string& flag, const std::string& file) {
  const std::string ending = lower_case(std::filesystem::path(file).extension().string());
  if (!ending.empty() && ending != ".png")
    throw UsageError(fmt::format("{}: {}: a PNG file is drawn", flag, file), "name one that ends in .png");
}

std::string with_flags(std::string_view message) {
  std::string text;
  for (size_t open = message.find('`'); open != std::string_view::npos; open = message.find('`')) {
    const size_t close = message.find('`', open + 1);
    if (close == std::string_view::npos) break;
    std::string key(message.substr(open + 1, close - open - 1));
    const bool is_key = !key.empty() && key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    text += message.substr(0, open);
    if (is_key) {
      std::replace(key.begin(), key.end(), '_', '-');
      text += "--" + key;
      message.remove_prefix(close + 1);
    } else {  // a backquote of the user's own
      text += '`';
      message.remove_prefix(open + 1);
    }
  }
  return text.append(message);
}

namespace {

/// The words after the program's name. Those behind "--" are files, also if they begin with a hyphen.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(1, argc), argv + argc);
  const auto end = std::find(words.begin(), words.end(), "--");
  if (end == words.end()) return words;
  for (auto word = words.erase(end); word != words.end(); ++word) {
    if (word->size() > 1 && word->starts_with('-')) word->insert(0, "./");
  }
  return words;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"Train, evaluate and submit handwritten-digit classifiers.", "digitrec"};
  app.formatter(std::make_shared<HelpFormatter>());  // subcommands inherit it
  app.require_subcommand(0, 1);                      // so that a file named like a subcommand is a file behind another
  app.set_version_flag("-V,--version", version_line(), "Print the versions of digitrec, LibTorch and the compiler");
  std::map<std::string, Run> runs;
  for (const auto& setup : kCommands) {
    const Run run = setup(app);
    runs[app.get_subcommands([](const CLI::App*) { return true; }).back()->get_name()] = run;
  }
  keep_unknown_words(app);
  // Set last: subcommands would inherit it.
  app.footer("Start with: digitrec train DIR --model cnn   (digitrec COMMAND --help tells more)");

  const std::vector<std::string> words = words_of(argc, argv);
  if (!words.empty() && words.front() == "help") return print_help(app, {words.begin() + 1, words.end()});
  if (!words.empty() && words.front() == "version") {
    std::cout << version_line() << '\n';
    return 0;
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    refuse_unknown_words(app);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    refuse_unknown_words(app);  // a misspelt flag explains the missing one better than CLI11's message does
    const CLI::App* named = &app;
    while (!named->get_subcommands().empty()) named = named->get_subcommands().front();
    throw UsageError(describe(error), see_help(*named));
  }
  if (app.get_subcommands().empty()) {
    if (!words.empty()) fail_unknown(app, words.front());
    std::cout << app.help();
    return 0;
  }
  return runs.at(app.get_subcommands().front()->get_name())();
}

}  // namespace digitrec::cli
