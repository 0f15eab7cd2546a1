#include "cli/predict.h"

#include "cli/command.h"
#include "cli/console.h"
#include "cli/outputs.h"
#include "core/atomic_file.h"
#include "core/names.h"
#include "data/csv_writer.h"
#include "data/formats.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/image/pictures.h"
#include "image/image_file.h"
#include "kaggle/submission.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
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
    write(table, probabilities_ ? probabilities_csv(probabilities) : "");
  }

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

/// A row for each picture: one of several digits is read as a number, whose probability is that all its digits are
/// right. `probabilities`: [digits, classes].
std::string picture_table(const std::vector<fs::path>& files, const Pictures& pictures,
                          const at::Tensor& probabilities) {
  const auto [best, label] = probabilities.max(1);
  std::string text = "File,Label,Probability,Error\n";
  int64_t row = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string file = csv_field(files[i].string());
    if (pictures.counts[i] == 0) {
      fmt::format_to(std::back_inserter(text), "{},,,{}\n", file, csv_field(pictures.reasons[i]));
      continue;
    }
    std::string number;
    double probability = 1;
    for (const int64_t end = row + pictures.counts[i]; row < end; ++row) {
      number += std::to_string(label[row].item<int64_t>());
      probability *= best[row].item<float>();
    }
    fmt::format_to(std::back_inserter(text), "{},{},{:.4f},\n", file, number, probability);
  }
  return text;
}

/// A row for each digit of each picture, from the left, with the probability of every class.
std::string digit_table(const std::vector<fs::path>& files, const Pictures& pictures, const at::Tensor& probabilities) {
  const at::Tensor dense = probabilities.contiguous();
  const float* probability = dense.const_data_ptr<float>();
  const at::Tensor labels = dense.argmax(1);
  const int64_t* label = labels.const_data_ptr<int64_t>();
  std::string text = "File,Position,Label";
  for (int64_t c = 0; c < dense.size(1); ++c) fmt::format_to(std::back_inserter(text), ",p{}", c);
  text += '\n';
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string file = csv_field(files[i].string());
    for (int64_t position = 1; position <= pictures.counts[i]; ++position, ++label) {
      fmt::format_to(std::back_inserter(text), "{},{},{}", file, position, *label);
      for (int64_t c = 0; c < dense.size(1); ++c) fmt::format_to(std::back_inserter(text), ",{:.6g}", *probability++);
      text += '\n';
    }
  }
  return text;
}

/// Names what a folder holds beside pictures, a few of many.
void log_left_out(const std::vector<fs::path>& left_out) {
  constexpr size_t kMaxNames = 8;
  if (left_out.empty()) return;
  std::vector<std::string> names;
  for (const fs::path& path : left_out) {
    if (names.size() < kMaxNames) names.push_back(path.filename().string());
  }
  const std::string more =
      left_out.size() > kMaxNames
          ? fmt::format(" and {} more", format_count(static_cast<int64_t>(left_out.size() - kMaxNames)))
          : "";
  log(fmt::format("left out: {}{}", join(names), more));
}

/// Writes a table of the pictures to --out, or to stdout without it. Throws Error, once it is written, when some could
/// not be read.
int predict_pictures(const PredictCommand& command, const PictureFiles& found) {
  const std::vector<fs::path>& files = found.files;
  std::vector<fs::path> read = files;
  std::erase(read, "-");
  Outputs outputs(command.inference, command.out, command.probabilities, read);
  Predictor predictor = make_predictor(command.inference);
  log_left_out(found.left_out);
  const Pictures pictures = load_pictures(files, predictor.shape().image_size);
  const at::Tensor probabilities =
      pictures.digits.size() > 0 ? predictor.predict(pictures.digits) : at::zeros({0, predictor.shape().classes});
  const std::string table = picture_table(files, pictures, probabilities);
  outputs.write(table, command.probabilities.empty() ? "" : digit_table(files, pictures, probabilities));
  if (command.out.empty()) {
    say(table.substr(0, table.size() - 1));
  } else {
    say_written(output_file(command.out), fmt::format("{} pictures", files.size()));
  }
  const auto unread = std::count(pictures.counts.begin(), pictures.counts.end(), 0);
  if (unread == 0) return 0;
  throw Error(fmt::format("{} of {} could not be read", unread,
                          format_count(static_cast<int64_t>(files.size()), "picture", "pictures")),
              "column Error says why");
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

int run_predict(const PredictCommand& command) {
  const std::vector<fs::path> paths(command.input.begin(), command.input.end());
  const PictureFiles pictures = find_pictures(paths);
  if (!pictures.files.empty()) return predict_pictures(command, pictures);
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
  command->input = {"data"};
  CLI::App* sub = app.add_subcommand("predict", "Label images: write a submission, or a table of pictures");
  add_inference_options(*sub, command->inference);
  sub->add_option("--input", command->input,
                  fmt::format("Images: a folder, a file of {}, or pictures ({}), - for one from stdin",
                              data_format_names(), kPictureFormats))
      ->type_name("[data]");
  sub->add_option("--out", command->out, "File to write, - for stdout; default: submission.csv, for pictures stdout")
      ->type_name("FILE");
  sub->add_option("--probabilities", command->probabilities, "File for the probability of every class")
      ->type_name("FILE");
  return [command] { return run_predict(*command); };
}

}  // namespace digitrec::cli
