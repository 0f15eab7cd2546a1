#include "cli/predict.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "cli/picture_tables.h"
#include "core/atomic_file.h"
#include "core/held_stdin.h"
#include "core/names.h"
#include "data/csv_writer.h"
#include "data/formats.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/image/pictures.h"
#include "kaggle/submission.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct PredictCommand {
  InferenceOptions inference;
  std::vector<std::string> input;
  std::string out;
  std::string probabilities;
  double min_probability = 0;  ///< for pictures; 0: label all

  std::vector<fs::path> paths() const { return {input.begin(), input.end()}; }
};

/// The files to write: opened before the work starts, put in place together at its end.
class Outputs {
 public:
  /// `read`: what else the command reads, apart from the checkpoints.
  Outputs(const InferenceOptions& options, const std::string& table, const std::string& probabilities,
          std::vector<fs::path> read) {
    std::vector<Output> outputs;
    if (!table.empty()) outputs.push_back({"--out", output_file(table)});
    if (!probabilities.empty()) outputs.push_back({"--probabilities", output_file(probabilities)});
    read.insert(read.end(), options.checkpoints.begin(), options.checkpoints.end());
    require_apart(outputs, read);
    if (!table.empty()) table_.emplace(outputs.front().file);
    if (!probabilities.empty()) probabilities_.emplace(outputs.back().file);
  }

  bool wants_probabilities() const { return probabilities_.has_value(); }

  void write(const std::string& table, const std::string& probabilities) {
    if (table_) table_->write(table);
    if (probabilities_) probabilities_->write(probabilities);
    if (probabilities_) probabilities_->commit();
    if (table_) table_->commit();
  }

 private:
  std::optional<AtomicFile> table_;
  std::optional<AtomicFile> probabilities_;
};

/// Names what a folder of pictures holds besides.
void log_left_out(const std::vector<fs::path>& files) {
  constexpr size_t kNamed = 3;
  if (files.empty()) return;
  std::vector<std::string> names;
  for (const fs::path& file : files) {
    if (names.size() == kNamed) break;
    names.push_back(file.filename().string() + (fs::is_directory(file) ? "/" : ""));
  }
  log("left out, no pictures: " + join_first(std::move(names), files.size()));
}

/// Writes a table of the pictures to --out, or to stdout without it. Returns the exit code: whether all were read.
int predict_pictures(const PredictCommand& command, const PictureFiles& found) {
  const std::vector<fs::path>& files = found.files;
  if (command.out.empty() && !command.probabilities.empty() && is_stdout(output_file(command.probabilities)))
    throw UsageError("--probabilities: stdout, where the table of pictures goes too", "name a file, or one with --out");
  Outputs outputs(command.inference, command.out, command.probabilities, found.bytes ? command.paths() : files);
  Predictor predictor = make_predictor(command.inference);
  log_left_out(found.left_out);
  const Classes& classes = predictor.classes();
  const Framing framing = data_options(command.inference, predictor).framing;
  Pictures pictures = load_pictures(files, predictor.shape().image_size,
                                    picture_kind(framing, classes, predictor.shape().classes), found.bytes);
  at::Tensor probabilities = predictor.predict_found(pictures.digits);
  const int64_t cut = keep_chosen_parts(pictures, probabilities);
  std::vector<PictureLabel> labels = label_pictures(pictures, probabilities, classes);
  const int64_t unsure = withhold_unsure(labels, command.min_probability);
  const std::string table = picture_table(files, labels);
  outputs.write(table,
                outputs.wants_probabilities() ? picture_probabilities(files, pictures, probabilities, classes) : "");
  if (command.out.empty()) {
    say(table.substr(0, table.size() - 1));
  } else {
    say_written(output_file(command.out), fmt::format("{} pictures", files.size()));
  }
  std::cout << std::flush;
  const std::string all = format_count(static_cast<int64_t>(files.size()));
  if (cut > 0) log(fmt::format("{} wide pieces read as two digits that touch", format_count(cut)));
  if (unsure > 0) log(fmt::format("{} of {} pictures not sure", format_count(unsure), all));
  recommend_robust(predictor);
  const auto unread = std::count_if(pictures.errors.begin(), pictures.errors.end(),
                                    [](const std::string& error) { return !error.empty(); });
  if (unread == 0) return 0;
  warn(fmt::format("{} of {} pictures not read; the column Error says why", format_count(unread), all));
  return 1;
}

/// Kaggle's sample_submission.csv beside the test file, which says how many rows a competition expects and what it
/// calls its columns and rows.
std::optional<SampleSubmission> find_sample(const Dataset& dataset) {
  const fs::path file = dataset.source;
  if (!lower_case(file.filename().string()).starts_with("test.csv")) return std::nullopt;
  const auto path = find_sample_submission(file.has_parent_path() ? file.parent_path() : fs::path("."));
  if (!path) return std::nullopt;
  SampleSubmission sample = read_sample_submission(*path);
  if (sample.rows != dataset.size()) {
    if (!has_usual_sample_name(*path)) {
      log(fmt::format("check   {} has {} rows, the test file {}: left out", path->string(), sample.rows,
                      dataset.size()));
      return std::nullopt;
    }
    throw Error(
        fmt::format("{}: {} images, but {} has {} rows", dataset.source, dataset.size(), path->string(), sample.rows),
        "use the test file that belongs to it");
  }
  log(fmt::format("check   as many rows as {}{}", path->string(),
                  dataset.ids.empty() && !counts_rows(sample) ? ", whose ids they get in its order" : ""));
  return sample;
}

/// What the submission calls its columns and rows: as the sample does, else as the test file.
SubmissionNames submission_names(const Dataset& dataset, const Classes& classes) {
  SubmissionNames names{.ids = dataset.ids, .classes = classes};
  const auto sample = find_sample(dataset);
  if (sample) {
    names.id = sample->id;
    names.label = sample->label;
    if (dataset.ids.empty() && !counts_rows(*sample)) names.ids = sample->ids;
  } else if (!dataset.ids.empty()) {
    names.id = dataset.id_name;
    names.label = names.id == "ImageId" ? "Label" : "label";
  }
  if (const std::string doubt = doubt_ids(names.ids, sample ? &*sample : nullptr); !doubt.empty())
    warn(fmt::format("{}: {}; Kaggle expects each id of its sample once", dataset.source, doubt));
  return names;
}

/// The images may be named with or without their flag.
void take_words(PredictCommand& command) {
  const std::vector<std::string> input = sort_words(command.inference, "predict");
  command.input.insert(command.input.end(), input.begin(), input.end());
  if (command.input.empty()) command.input = {"data"};
  for (std::string& word : command.input) {
    if (word != "-" && word != "/dev/stdin") continue;
    hold_stdin();  // a picture, or a table of images
    word = is_picture_file("/dev/stdin") ? "-" : "/dev/stdin";
  }
}

int run_predict(PredictCommand& command) {
  take_words(command);
  const std::vector<fs::path> paths = command.paths();
  const PictureFiles pictures = find_pictures(paths);
  if (!pictures.files.empty()) return predict_pictures(command, pictures);
  if (command.min_probability > 0) {
    throw UsageError("--min-probability: for pictures; a submission labels every row");
  }
  write_submission(command.inference, paths.front(), command.out.empty() ? "submission.csv" : command.out,
                   command.probabilities);
  return 0;
}

}  // namespace

void write_submission(const InferenceOptions& options, const fs::path& input, const std::string& out,
                      const std::string& probabilities) {
  Outputs outputs(options, out, probabilities, {input});
  Predictor predictor = make_predictor(options);
  const Dataset dataset = load_dataset(input, Purpose::predict, data_options(options, predictor));
  const SubmissionNames names = submission_names(dataset, predictor.classes());
  log(fmt::format("data    {}: {} images{}", dataset.source, format_count(dataset.size()),
                  in_brackets(dataset.reading)));
  const at::Tensor predicted = predictor.predict(dataset);
  outputs.write(id_label_csv(predicted.argmax(1), names),
                outputs.wants_probabilities() ? probabilities_csv(predicted, names) : "");
  say_written(output_file(out), fmt::format("{} rows", format_count(dataset.size())));
}

Run setup_predict(CLI::App& app) {
  auto command = std::make_shared<PredictCommand>();
  CLI::App* sub = app.add_subcommand("predict", "Label images: write a submission, or a table of pictures");
  add_inference_options(*sub, command->inference, "... [input ...]",
                        "Run folder or checkpoint; several vote by their mean probability; then what to label");
  sub->add_option("--input", command->input, "Images: a folder, a file of " + data_format_names() + ", or pictures")
      ->type_name("[data]");
  sub->add_option("--out", command->out, "File to write, - for stdout; default: submission.csv, for pictures stdout")
      ->type_name("FILE");
  sub->add_option("--probabilities", command->probabilities, "File for the probability of every class")
      ->type_name("FILE");
  sub->add_option("--min-probability", command->min_probability, "Leave less probable pictures without a label")
      ->check(CLI::Range(0.0, 1.0).name(""))
      ->type_name("[0]");
  return [command] { return run_predict(*command); };
}

}  // namespace digitrec::cli
