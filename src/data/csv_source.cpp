#include "data/csv.h"
#include "data/csv_lines.h"
#include "data/csv_text.h"
#include "data/formats.h"
#include "data/sample_file.h"
#include "digitrec/core/error.h"

#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTestLabels = "test_labels.csv";

bool is_test_file(const fs::path& path) { return path.filename() == "test.csv" || path.filename() == "test.csv.gz"; }

Dataset read_test_with_labels(const fs::path& test, const fs::path& labels_file, int64_t max_rows) {
  Dataset dataset = read_csv(test, Labels::ignored, max_rows);
  std::vector<int64_t> labels = read_ordered_labels(labels_file);
  const auto count = static_cast<int64_t>(labels.size());
  if (max_rows > 0 ? count < dataset.size() : count != dataset.size()) {
    throw Error(fmt::format("{}: {} labels for the {} images of {}; expected as many", labels_file.string(), count,
                            dataset.size(), test.string()));
  }
  labels.resize(static_cast<size_t>(dataset.size()));
  dataset.labels = at::tensor(labels, at::kLong);
  return dataset;
}

/// What the sample of a submission beside a file calls the ids; empty where there is none.
std::string id_name_of_sample(const fs::path& images) {
  const auto sample = find_sample_submission(images.parent_path());
  if (!sample) return "";
  CsvLines lines(*sample);
  const char* header = lines.first();
  return header == nullptr ? "" : unescaped(Fields(header, find_separator(header)).next());
}

}  // namespace

fs::path find_test_labels(const fs::path& images) {
  if (!is_test_file(images)) return {};
  return find_plain_or_gzip(images.parent_path(), kTestLabels).value_or(fs::path());
}

Dataset load_csv(const fs::path& path, Purpose purpose, int64_t max_rows) {
  if (purpose == Purpose::evaluate && is_test_file(path)) {
    if (const fs::path labels = find_test_labels(path); !labels.empty())
      return read_test_with_labels(path, labels, max_rows);
    Dataset dataset = read_csv(path, Labels::optional, max_rows);
    if (dataset.has_labels()) return dataset;
    throw Error(
        fmt::format("{}: has no labels (Kaggle withholds them), nor a {} beside it", path.string(), kTestLabels),
        "use digitrec eval RUN --held-out, or name a labelled file");
  }
  const Labels labels = purpose == Purpose::predict   ? Labels::ignored
                        : purpose == Purpose::inspect ? Labels::optional
                                                      : Labels::required;
  return read_csv(path, labels, max_rows, labels == Labels::required ? "" : id_name_of_sample(path));
}

}  // namespace digitrec
