#include "kaggle/submission.h"

#include "data/csv.h"
#include "data/csv_text.h"
#include "data/formats.h"
#include "digitrec/core/error.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
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
  for (int64_t c = 0; c < classes; ++c)
    text.append(1, ',').append(csv_field(fmt::format("p{}", names.classes.name(c))));
  text += '\n';
  for (int64_t i = 0; i < dense.size(0); ++i) {
    text += names.line(i, label[i]);
    for (int64_t c = 0; c < classes; ++c)
      fmt::format_to(std::back_inserter(text), ",{:.6g}", probability[i * classes + c]);
    text += '\n';
  }
  return text;
}

SampleSubmission read_sample_submission(const fs::path& path) {
  const IdLabelTable table = read_id_labels(path);
  SampleSubmission sample{table.id_name, table.label_name, static_cast<int64_t>(table.rows.size()), {}};
  for (const IdLabelRow& row : table.rows) sample.ids.push_back(row.id);
  return sample;
}

bool counts_rows(const SampleSubmission& sample) {
  const std::set<std::string> ids(sample.ids.begin(), sample.ids.end());
  for (int64_t id = 1; id <= sample.rows; ++id) {
    if (!ids.contains(std::to_string(id))) return false;
  }
  return true;
}

SampleSubmission digit_recognizer_sample() {
  SampleSubmission sample{"ImageId", "Label", kDigitRecognizerTestRows, {}};
  for (int64_t id = 1; id <= sample.rows; ++id) sample.ids.push_back(std::to_string(id));
  return sample;
}

namespace {

/// A label as Kaggle compares it: 7.0, which a table of reals writes, is no 7 there.
int64_t plain_label(const IdLabelTable& table, const IdLabelRow& row, const fs::path& path) {
  const int64_t label = whole_label(table, row, path);
  if (std::to_string(label) == row.label) return label;
  throw Error(fmt::format("{}:{}: {} is '{}', not written as a whole number; expected {}", path.string(), row.line,
                          shown(table.label_name), shown(row.label), label));
}

/// The first id that the submission lacks.
std::string first_missing(const SampleSubmission& sample, const std::map<std::string, int64_t>& lines) {
  const auto missing =
      std::find_if(sample.ids.begin(), sample.ids.end(), [&](const std::string& id) { return !lines.contains(id); });
  return missing == sample.ids.end() ? "" : *missing;
}

/// Throws Error for what we read and Kaggle does not.
void require_form_of_kaggle(const IdLabelTable& table, const fs::path& path) {
  constexpr const char* kAgain = "make it again with digitrec predict, or save it as CSV in UTF-8 with commas";
  if (table.is_utf16) throw Error(fmt::format("{}: UTF-16, which Kaggle does not read", path.string()), kAgain);
  const char separator = find_separator(table.header);
  if (separator != ',') {
    throw Error(fmt::format("{}:1: {} between the fields; Kaggle reads commas", path.string(),
                            separator == ';'    ? "semicolons"
                            : separator == '\t' ? "tabs"
                                                : "no commas"),
                kAgain);
  }
  const bool has_blank = table.header.find(", ") != std::string::npos || table.header.find(" ,") != std::string::npos ||
                         trimmed(table.header) != table.header;
  if (has_blank)
    throw Error(fmt::format("{}:1: a blank beside a name in the header '{}', which Kaggle takes for a part of it",
                            path.string(), shown(table.header)),
                "remove it");
}

}  // namespace

Submission check_submission(const fs::path& path, const SampleSubmission& sample, int64_t classes) {
  const IdLabelTable table = read_id_labels(path, /*is_exact=*/true);
  require_form_of_kaggle(table, path);
  const auto fail = [&](int64_t line, const std::string& message) {
    throw Error(fmt::format("{}:{}: {}", path.string(), line, message));
  };
  if (table.id_name != sample.id || table.label_name != sample.label) {
    const bool are_swapped = table.id_name == sample.label && table.label_name == sample.id;
    throw Error(fmt::format("{}:1: the header is '{},{}'; expected {},{}", path.string(), shown(table.id_name),
                            shown(table.label_name), sample.id, sample.label),
                are_swapped ? "write the ids before the labels"
                            : "give --data the folder of the sample_submission.csv that it was made for");
  }
  const std::set<std::string> expected(sample.ids.begin(), sample.ids.end());
  std::map<std::string, int64_t> lines;
  Submission submission;
  std::vector<int64_t>& labels = submission.labels;
  for (const IdLabelRow& row : table.rows) {
    if (!expected.contains(row.id))
      fail(row.line, fmt::format("{} is '{}', which no test image has", sample.id, shown(row.id)));
    const auto [first, is_new] = lines.emplace(row.id, row.line);
    if (!is_new)
      fail(row.line, fmt::format("{} {} stands in line {} too; expected each once", sample.id, row.id, first->second));
    submission.ids.push_back(row.id);
    labels.push_back(plain_label(table, row, path));
    if (labels.back() >= classes)
      fail(row.line, fmt::format("{} is {}; expected 0 to {}", sample.label, labels.back(), classes - 1));
  }
  const auto found = static_cast<int64_t>(labels.size());
  if (found != sample.rows) {
    throw Error(fmt::format("{}: {} rows; expected {}, one for each test image ({} {} is missing)", path.string(),
                            found, sample.rows, sample.id, first_missing(sample, lines)),
                "make it again with digitrec predict");
  }
  return submission;
}

std::string doubt_ids(const std::vector<std::string>& ids, const SampleSubmission* sample) {
  std::map<std::string, size_t> rows;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty()) return fmt::format("row {} has no id", i + 1);
    const auto [first, is_new] = rows.emplace(ids[i], i + 1);
    if (!is_new) return fmt::format("rows {} and {} both have the id {}", first->second, i + 1, shown(ids[i]));
  }
  if (sample == nullptr) return "";
  const std::set<std::string> expected(sample->ids.begin(), sample->ids.end());
  for (size_t i = 0; i < sample->ids.size(); ++i) {
    const std::string id = i < ids.size() ? ids[i] : std::to_string(i + 1);
    if (!expected.contains(id)) return fmt::format("the sample has no id {}, which row {} has", shown(id), i + 1);
  }
  return "";
}

std::string doubt_order(const Submission& submission, const std::vector<std::string>& test_ids) {
  const std::vector<std::string>& ids = submission.ids;
  for (size_t i = 0; i < std::min(ids.size(), test_ids.size()); ++i) {
    if (ids[i] != test_ids[i])
      return fmt::format("row {} has the id {}, that of the test file {}: right if rows were sorted, wrong if numbered",
                         i + 1, shown(ids[i]), shown(test_ids[i]));
  }
  return "";
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
