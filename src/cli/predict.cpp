#include "cli/command.h"
#include "cli/console.h"
#include "cli/inference_options.h"
#include "digitrec/core/error.h"
#include "digitrec/core/file.h"
#include "digitrec/data/csv_writer.h"
#include "digitrec/data/pictures.h"
#include "digitrec/data/source.h"
#include "digitrec/report/submission.h"

#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

namespace fs = std::filesystem;

struct PredictCommand {
  InferenceOptions inference;
  std::vector<std::string> input;
  std::string out;
  std::string probabilities;
};

/// Pictures go into File,Label,Probability: to `out`, or to stdout where none is named.
int predict_pictures(const PredictCommand& command, Predictor& predictor, const std::vector<fs::path>& files) {
  const Dataset dataset = load_pictures(files, predictor.shape().image_size);
  const torch::Tensor probabilities = predictor.predict(dataset);
  const auto [best, label] = probabilities.max(1);
  std::string text = "File,Label,Probability\n";
  for (size_t i = 0; i < files.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    fmt::format_to(std::back_inserter(text), "{},{},{:.4f}\n", csv_field(files[i].string()), label[row].item<int64_t>(),
                   best[row].item<float>());
  }
  if (!command.probabilities.empty()) write_probabilities(command.probabilities, probabilities);
  if (command.out.empty()) {
    std::cout << text;
  } else {
    write_file(command.out, text);
    std::cout << fmt::format("{}: {} pictures\n", command.out, files.size());
  }
  return 0;
}

/// Kaggle's own sample, where it lies beside the input, says how many rows the competition expects.
void check_against_sample(const fs::path& input, int64_t rows) {
  const fs::path folder = fs::is_directory(input) ? input : input.parent_path();
  const auto sample = find_sample_submission(folder.empty() ? "." : folder);
  if (!sample) return;
  const int64_t expected = count_submission_rows(*sample);
  if (expected != rows) {
    throw Error(fmt::format("{}: {} images, but {} has {} rows; use the test file that belongs to it", input.string(), rows,
                            sample->string(), expected));
  }
  log(fmt::format("check   as many rows as {}", sample->string()));
}

int predict_data(const PredictCommand& command, Predictor& predictor, const fs::path& input) {
  const Dataset dataset = load_dataset(input, Purpose::predict);
  check_against_sample(input, dataset.size());
  log(fmt::format("data    {}: {} images", dataset.source, format_count(static_cast<double>(dataset.size()))));
  const torch::Tensor probabilities = predictor.predict(dataset);
  const std::string out = command.out.empty() ? "submission.csv" : command.out;
  if (!command.probabilities.empty()) write_probabilities(command.probabilities, probabilities);
  write_id_label_csv(out, probabilities.argmax(1));
  std::cout << fmt::format("{}: {} rows\n", out, format_count(static_cast<double>(dataset.size())));
  return 0;
}

int run_predict(const PredictCommand& command) {
  const std::vector<fs::path> paths(command.input.begin(), command.input.end());
  const std::vector<fs::path> pictures = find_pictures(paths);
  Predictor predictor = make_predictor(command.inference);
  if (!pictures.empty()) return predict_pictures(command, predictor, pictures);
  return predict_data(command, predictor, paths.front());
}

}  // namespace

Run setup_predict(CLI::App& app) {
  auto command = std::make_shared<PredictCommand>();
  command->input = {"data"};
  CLI::App* sub = app.add_subcommand("predict", "Label images: writes a submission, or a table of pictures");
  add_inference_options(*sub, command->inference);
  sub->add_option("--input", command->input, "Data file or folder, or picture files (PNG, JPEG) or their folder")
      ->type_name("[data]");
  sub->add_option("--out", command->out, "File to write; for pictures the terminal, else submission.csv")->type_name("FILE");
  sub->add_option("--probabilities", command->probabilities, "Also write the probability of every class")->type_name("FILE");
  return [command] { return run_predict(*command); };
}

}  // namespace digitrec::cli
