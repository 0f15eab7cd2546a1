#include "cli/command.h"
#include "cli/console.h"
#include "cli/data_options.h"
#include "cli/outputs.h"
#include "core/file_kind.h"
#include "data/arrays.h"
#include "data/contents.h"
#include "data/formats.h"
#include "data/near_duplicates.h"
#include "data/summary.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "synth/synth.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct SynthCommand {
  std::string out;
  int64_t train = 10'000;
  int64_t test = 2'000;
  uint64_t seed = 42;
};

struct InfoCommand {
  std::vector<std::string> paths;
  bool json = false;
  DataOptions options;
};

int run_synth(const SynthCommand& command) {
  write_synthetic_data(command.out, command.train, command.test, command.seed);
  say(fmt::format(
      "{}: {} digits to train on, {} to test, drawn by a program: not real handwriting, for trying things out",
      command.out, format_count(command.train), format_count(command.test)));
  return 0;
}

void print_summary(const Dataset& dataset, const DatasetSummary& summary) {
  say(dataset.source);
  if (!dataset.reading.empty()) say("  read as     " + dataset.reading);
  std::cout << fmt::format("  rows        {}\n  image size  {} x {}\n  duplicates  {}", format_count(summary.rows),
                           summary.image_size, summary.image_size, format_count(summary.duplicates));
  if (summary.conflicts > 0) std::cout << fmt::format(" ({} with another label)", summary.conflicts);
  std::cout << fmt::format("\n  blank       {}\n", summary.blank);
  if (summary.classes == 0) {
    std::cout << "  labels      none\n";
    return;
  }
  std::cout << fmt::format("  classes     {}\n", summary.classes);
  const int64_t max_count = *std::max_element(summary.histogram.begin(), summary.histogram.end());
  std::vector<std::string> names;
  size_t longest = 10;
  for (int64_t c = 0; c < summary.classes; ++c) {
    names.push_back(table_name(dataset.classes.name(c)));
    longest = std::max(longest, columns_of(names.back()));
  }
  for (size_t c = 0; c < summary.histogram.size(); ++c) {
    const int64_t count = summary.histogram[c];
    const auto width = static_cast<size_t>(40 * count / std::max<int64_t>(1, max_count));
    std::cout << fmt::format("  {:>{}}  {:>7}  {}\n", names[c], longest, format_count(count), std::string(width, '#'));
  }
}

Json summary_json(const Dataset& dataset, const DatasetSummary& summary) {
  Json names = Json::array();
  for (int64_t c = 0; c < summary.classes; ++c) names.push_back(dataset.classes.name(c));
  return {{"file", dataset.source},
          {"read_as", dataset.reading},
          {"rows", summary.rows},
          {"image_size", summary.image_size},
          {"classes", summary.classes},
          {"class_names", names},
          {"histogram", summary.histogram},
          {"duplicates", summary.duplicates},
          {"conflicting_labels", summary.conflicts},
          {"blank", summary.blank}};
}

/// A folder stands for the data files in it.
std::vector<fs::path> data_files(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    if (!is_data_folder(path)) {
      files.emplace_back(input_file(path));
      continue;
    }
    const std::vector<fs::path> found = find_data_files(path);
    if (found.empty()) {
      const FileKind kind = kind_of_file(path);  // an archive may be a workbook or a model
      const Contents contents = kind.hint.empty() ? describe_contents(path) : Contents{};
      const std::string what = contents.what.empty() ? std::string(kind.name) : contents.what;
      throw Error(fmt::format("{}: {}no data in it; expected files of {}, or folders of pictures", path,
                              what.empty() ? "" : what + ", ", data_format_names()),
                  !contents.hint.empty() ? contents.hint
                  : kind.hint.empty()    ? "name a file"
                                         : std::string(kind.hint));
    }
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

/// What is in the files; of a .npz to train on and to test on both parts.
std::vector<Dataset> load_datasets(const std::vector<fs::path>& files, const DataOptions& options) {
  std::vector<Dataset> datasets;
  for (const fs::path& file : files) {
    datasets.push_back(load_dataset(file, Purpose::inspect, options));
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored) || format_of(file).name != "npz") continue;
    if (const auto purpose = purpose_of_test_part(file)) {
      datasets.push_back(load_dataset(file, *purpose, options));
      datasets.back().source += " (to test on)";
    }
  }
  return datasets;
}

int run_info(const InfoCommand& command) {
  const std::vector<Dataset> datasets = load_datasets(data_files(command.paths), command.options);
  Json files = Json::array();
  for (const Dataset& dataset : datasets) {
    const DatasetSummary summary = summarize(dataset);
    if (command.json) {
      files.push_back(summary_json(dataset, summary));
    } else {
      print_summary(dataset, summary);
    }
  }
  Json overlaps = Json::array();
  for (size_t i = 0; i < datasets.size(); ++i) {
    for (size_t j = i + 1; j < datasets.size(); ++j) {
      const int64_t shared = count_near_duplicates(datasets[i].images, datasets[j].images);
      overlaps.push_back({{"first", datasets[i].source}, {"second", datasets[j].source}, {"rows", shared}});
      if (command.json) continue;
      std::cout << fmt::format("{} of the images in {} occur in {}, or nearly the same ones\n", format_count(shared),
                               datasets[j].source, datasets[i].source);
    }
  }
  if (command.json)
    std::cout << Json{{"files", files}, {"overlap", overlaps}}.dump(2, ' ', false, Json::error_handler_t::replace)
              << '\n';
  return 0;
}

}  // namespace

Run setup_data(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("data", "Inspect data, convert it, or draw synthetic digits");
  sub->require_subcommand(0, 1);

  auto synth = std::make_shared<SynthCommand>();
  CLI::App* synth_sub = sub->add_subcommand("synth", "Draw synthetic digits in Kaggle's format");
  synth_sub->add_option("--out", synth->out, "Folder to write to")->required()->type_name("DIR");
  synth_sub->add_option("--train", synth->train, "Number of labelled digits")
      ->check(whole_number(1, 10'000'000))
      ->type_name("[10000]");
  synth_sub->add_option("--test", synth->test, "Number of digits whose labels go to test_labels.csv")
      ->check(whole_number(1, 10'000'000))
      ->type_name("[2000]");
  synth_sub->add_option("--seed", synth->seed, "Seed; another one draws other digits")->type_name("[42]");

  auto info = std::make_shared<InfoCommand>();
  CLI::App* info_sub =
      sub->add_subcommand("info", "Count rows, classes, duplicates, blanks, and overlap between files");
  info_sub->add_option("paths", info->paths, "Data files, or a folder of them")->required()->type_name("PATH");
  add_data_options(*info_sub, info->options);
  info_sub->add_flag("--json", info->json, "Print JSON");

  const Run show = setup_data_show(*sub);
  const Run convert = setup_data_convert(*sub);
  return [sub, synth_sub, synth, info_sub, info, show, convert] {
    if (sub->get_subcommands().empty()) {
      std::cout << sub->help("digitrec");
      return 0;
    }
    if (synth_sub->parsed()) return run_synth(*synth);
    if (info_sub->parsed()) return run_info(*info);
    return sub->got_subcommand("show") ? show() : convert();
  };
}

}  // namespace digitrec::cli
