#include "cli/predict.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "core/atomic_file.h"
#include "data/csv_writer.h"
#include "data/formats.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/image/pictures.h"
#include "kaggle/submission.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <memory>
#include <optional>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct PredictCommand {
  InferenceOptions inference;
  std::vector<std::string> input;
  std::string out;
  std::string probabilities;
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

  void write(const std::string& table, const at::Tensor& probabilities) {
    if (table_) table_->write(table);
    if (probabilities_) probabilities_->write(probabilities_csv(probabilities));
    if (probabilities_) probabilities_->commit();
    if (table_) table_->commit();
  }

 private:
  std::optional<AtomicFile> table_;
  std::optional<AtomicFile> probabilities_;
};

/// A picture of several digits is read as a number; its probability is that all its digits are right.
std::string picture_table(const std::vector<fs::path>& files, const std::vector<int64_t>& counts,
                          const at::Tensor& probabilities) {
  const auto [best, label] = probabilities.max(1);
  std::string text = "File,Label,Probability\n";
  int64_t row = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    std::string number;
    double probability = 1;
    for (const int64_t end = row + counts[i]; row < end; ++row) {
      number += std::to_string(label[row].item<int64_t>());
      probability *= best[row].item<float>();
    }
    fmt::format_to(std::back_inserter(text), "{},{},{:.4f}\n", csv_field(files[i].string()), number, probability);
  }
  return text;
}

/// Writes a table of the pictures to --out, or to stdout without it.
int predict_pictures(const PredictCommand& command, const std::vector<fs::path>& files) {
  Outputs outputs(command.inference, command.out, command.probabilities, files);
  Predictor predictor = make_predictor(command.inference);
  const Pictures pictures = load_pictures(files, predictor.shape().image_size);
  const at::Tensor probabilities = predictor.predict(pictures.digits);
  const std::string table = picture_table(files, pictures.counts, probabilities);
  outputs.write(table, probabilities);
  if (command.out.empty()) {
    say(table.substr(0, table.size() - 1));
  } else {
    say_written(output_file(command.out), fmt::format("{} pictures", files.size()));
  }
  return 0;
}

/// Kaggle's sample_submission.csv beside the test file says how many rows the competition expects.
void check_against_sample(const Dataset& dataset) {
  const fs::path file = dataset.source;
  if (!file.filename().string().starts_with("test.csv")) return;
  const auto sample = find_sample_submission(file.has_parent_path() ? file.parent_path() : fs::path("."));
  if (!sample) return;
  const int64_t expected = count_submission_rows(*sample);
  if (expected != dataset.size()) {
    throw Error(
        fmt::format("{}: {} images, but {} has {} rows", dataset.source, dataset.size(), sample->string(), expected),
        "use the test file that belongs to it");
  }
  log(fmt::format("check   as many rows as {}", sample->string()));
}

/// The images may be named with or without their flag.
void take_words(PredictCommand& command) {
  const std::vector<std::string> input = sort_words(command.inference, "predict");
  command.input.insert(command.input.end(), input.begin(), input.end());
  if (command.input.empty()) command.input = {"data"};
}

int run_predict(PredictCommand& command) {
  take_words(command);
  const std::vector<fs::path> paths(command.input.begin(), command.input.end());
  const std::vector<fs::path> pictures = find_pictures(paths);
  if (!pictures.empty()) return predict_pictures(command, pictures);
  write_submission(command.inference, paths.front(), command.out.empty() ? "submission.csv" : command.out,
                   command.probabilities);
  return 0;
}

}  // namespace

void write_submission(const InferenceOptions& options, const fs::path& input, const std::string& out,
                      const std::string& probabilities) {
  Outputs outputs(options, out, probabilities, {input});
  Predictor predictor = make_predictor(options);
  const Dataset dataset = load_dataset(input, Purpose::predict);
  check_against_sample(dataset);
  log(fmt::format("data    {}: {} images", dataset.source, format_count(dataset.size())));
  const at::Tensor predicted = predictor.predict(dataset);
  outputs.write(id_label_csv(predicted.argmax(1)), predicted);
  say_written(output_file(out), fmt::format("{} rows", format_count(dataset.size())));
}

Run setup_predict(CLI::App& app) {
  auto command = std::make_shared<PredictCommand>();
  CLI::App* sub = app.add_subcommand("predict", "Label images: write a submission, or a table of pictures");
  add_inference_options(*sub, command->inference, "... [input ...]",
                        "Run folder or checkpoint; several vote by their mean probability; then what to label");
  sub->add_option("--input", command->input,
                  "Images: a folder, a file of " + data_format_names() + ", or pictures (PNG, JPEG)")
      ->type_name("[data]");
  sub->add_option("--out", command->out, "File to write, - for stdout; default: submission.csv, for pictures stdout")
      ->type_name("FILE");
  sub->add_option("--probabilities", command->probabilities, "File for the probability of every class")
      ->type_name("FILE");
  return [command] { return run_predict(*command); };
}

}  // namespace digitrec::cli
