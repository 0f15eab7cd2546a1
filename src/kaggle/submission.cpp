#include "kaggle/submission.h"

#include "data/csv.h"
#include "digitrec/core/error.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

std::string probabilities_csv(const at::Tensor& probabilities, const SubmissionNames& names) {
  const at::Tensor dense = probabilities.contiguous();
  const float* probability = dense.const_data_ptr<float>();
  const at::Tensor labels = dense.argmax(1);
  const int64_t* label = labels.const_data_ptr<int64_t>();
  const int64_t classes = dense.size(1);
  std::string text = names.header();
  for (int64_t c = 0; c < classes; ++c) text += "," + csv_field("p" + names.classes.name(c));
  text += '\n';
  for (int64_t i = 0; i < dense.size(0); ++i) {
    text += names.line(i, label[i]);
    for (int64_t c = 0; c < classes; ++c)
      fmt::format_to(std::back_inserter(text), ",{:.6g}", probability[i * classes + c]);
    text += '\n';
  }
  return text;
}

std::optional<fs::path> find_sample_submission(const fs::path& folder) {
  for (const char* name : {"sample_submission.csv", "sample_submission.csv.gz"}) {
    if (fs::is_regular_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

int64_t count_submission_rows(const fs::path& path) { return static_cast<int64_t>(read_id_label_csv(path).size()); }

std::vector<int64_t> check_submission(const fs::path& path, int64_t rows, int64_t classes) {
  const std::vector<int64_t> labels = read_id_label_csv(path);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes) {
      throw Error(fmt::format("{}:{}: Label is {}; expected 0 to {}", path.string(), i + 2, labels[i], classes - 1));
    }
  }
  const auto found = static_cast<int64_t>(labels.size());
  if (found != rows) {
    throw Error(fmt::format("{}: {} rows; expected {}, one for each test image", path.string(), found, rows),
                "make it again with digitrec predict");
  }
  return labels;
}

std::string doubt_labels(const std::vector<int64_t>& labels, int64_t classes) {
  constexpr size_t kEnough = 1000;  // rows, to expect each class among them
  if (labels.size() > 1 && std::all_of(labels.begin(), labels.end(), [&](int64_t l) { return l == labels.front(); }))
    return fmt::format("every row is labelled {}", labels.front());
  if (labels.size() < kEnough) return "";
  std::vector<bool> is_there(static_cast<size_t>(classes));
  for (const int64_t label : labels) is_there[static_cast<size_t>(label)] = true;
  const auto missing = std::find(is_there.begin(), is_there.end(), false);
  if (missing == is_there.end() || classes > static_cast<int64_t>(kEnough) / 10) return "";
  return fmt::format("no row is labelled {}", missing - is_there.begin());
}

}  // namespace digitrec
