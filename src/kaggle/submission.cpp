#include "kaggle/submission.h"

#include "data/csv.h"
#include "digitrec/core/error.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <iterator>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

std::string probabilities_csv(const at::Tensor& probabilities) {
  const at::Tensor dense = probabilities.contiguous();
  const float* probability = dense.const_data_ptr<float>();
  const at::Tensor labels = dense.argmax(1);
  const int64_t* label = labels.const_data_ptr<int64_t>();
  const int64_t classes = dense.size(1);
  std::string text = "ImageId,Label";
  for (int64_t c = 0; c < classes; ++c) fmt::format_to(std::back_inserter(text), ",p{}", c);
  text += '\n';
  for (int64_t i = 0; i < dense.size(0); ++i) {
    fmt::format_to(std::back_inserter(text), "{},{}", i + 1, label[i]);
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

void check_submission(const fs::path& path, int64_t rows, int64_t classes) {
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
}

}  // namespace digitrec
