#include "kaggle/submission.h"

#include "core/file_kind.h"
#include "core/number.h"
#include "data/byte_stream.h"
#include "data/csv_text.h"
#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxBytes = 64U << 20U;  // Kaggle's own has 28,000 rows, 240 kB

/// The rows of a submission in the file's order.
struct Rows {
  std::vector<int64_t> ids;
  std::vector<int64_t> labels;
  std::vector<int64_t> lines;  ///< where each stands, the header being line 1

  int64_t count() const { return static_cast<int64_t>(ids.size()); }
};

/// The file's text, or its beginning where it is larger than any submission.
std::string read_text(const fs::path& path) {
  ByteStream stream(path);
  std::string text;
  std::array<char, 1U << 16U> chunk{};
  while (text.size() <= kMaxBytes) {
    const size_t count = stream.read(chunk.data(), chunk.size());
    text.append(chunk.data(), count);
    if (count < chunk.size()) break;
  }
  const FileKind kind = file_kind(std::string_view(text).substr(0, kFileKindBytes));
  const bool is_text = text.find('\0') == std::string::npos;
  if (kind.name.empty() && is_text) return text;
  throw Error(fmt::format("{}: {}; expected a submission: ImageId,Label and a row for each image", path.string(),
                          kind.name.empty() ? "not a text file" : fmt::format("this is {}", kind.name)),
              std::string(kind.hint));
}

/// Hands out a text's lines without their breaks (LF or CRLF), and knows where it is.
class Lines {
 public:
  Lines(const fs::path& path, std::string_view text) : name_(path.string()), rest_(text) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  }

  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return true;
  }

  int64_t number() const { return number_; }

  [[noreturn]] void fail(std::string_view message, std::string hint = "") const {
    throw Error(fmt::format("{}:{}: {}", name_, number_, message), std::move(hint));
  }

 private:
  std::string name_;
  std::string_view rest_;
  int64_t number_ = 0;
};

/// A line's fields without blanks and quotes. No field of a submission holds a comma.
std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const size_t comma = line.find(',');
    fields.push_back(unquoted(trimmed(line.substr(0, comma))));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

void check_header(Lines& lines, const fs::path& path) {
  std::string_view line;
  if (!lines.next(line)) throw Error(fmt::format("{}: the file is empty; expected ImageId,Label", path.string()));
  const std::vector<std::string_view> names = split(line);
  if (names == std::vector<std::string_view>{"ImageId", "Label"}) return;
  const bool has_index = names.size() == 3 && names[0].empty() && names[1] == "ImageId";
  lines.fail(fmt::format("the header is '{}'; expected ImageId,Label", shown(line)),
             has_index ? "write it without the column of row numbers (pandas: index=False)" : "");
}

/// Whether the text is a number of that type and nothing else.
template <class Number>
bool parse_whole_text(std::string_view text, Number& value) {
  const char* begin = text.empty() ? nullptr : &text.front();
  const auto [stop, error] = from_text(begin, begin + text.size(), value);
  return error == std::errc{} && stop == begin + text.size();
}

/// A whole number `low` to `high` as Kaggle reads it: 7.0, which a table of reals writes, scores nothing there.
int64_t parse_number(const Lines& lines, std::string_view column, std::string_view field, int64_t low, int64_t high) {
  int64_t value = 0;
  if (parse_whole_text(field, value)) {
    if (value < low || value > high) lines.fail(fmt::format("{} is {}; expected {} to {}", column, value, low, high));
    return value;
  }
  const std::string expected = fmt::format("expected a whole number {} to {}", low, high);
  if (field.empty()) lines.fail(fmt::format("column {}: the field is empty; {}", column, expected));
  double real = 0;
  if (parse_whole_text(field, real))
    lines.fail(fmt::format("column {}: {} is not written as a whole number; {}", column, shown(field), expected));
  lines.fail(fmt::format("column {}: '{}' is not a number; {}", column, shown(field), expected));
}

/// Reads header, ids and labels, each id once. Throws Error.
Rows read_rows(const fs::path& path, int64_t classes) {
  constexpr int64_t kMaxId = int64_t{1} << 40;
  const std::string text = read_text(path);
  Lines lines(path, text);
  check_header(lines, path);
  if (text.size() > kMaxBytes)
    throw Error(fmt::format("{}: larger than 64 MiB; expected a submission, two numbers an image", path.string()));
  Rows rows;
  std::unordered_map<int64_t, int64_t> line_of;
  for (std::string_view line; lines.next(line);) {
    if (trimmed(line).empty()) continue;
    const std::vector<std::string_view> fields = split(line);
    if (fields.size() != 2)
      lines.fail(fmt::format("{} fields; expected 2 as in the header (is the file cut off?)", fields.size()));
    const int64_t id = parse_number(lines, "ImageId", fields[0], -kMaxId, kMaxId);
    if (id < 1) lines.fail(fmt::format("ImageId is {}; expected 1, 2, 3, ...", id));
    const auto [before, is_new] = line_of.emplace(id, lines.number());
    if (!is_new) lines.fail(fmt::format("ImageId {} again, as in line {}; expected each once", id, before->second));
    rows.ids.push_back(id);
    rows.labels.push_back(parse_number(lines, "Label", fields[1], 0, classes - 1));
    rows.lines.push_back(lines.number());
  }
  return rows;
}

/// The first of 1, 2, 3, ... that is not among the ids, none of which stands twice.
int64_t first_missing(std::vector<int64_t> ids) {
  std::sort(ids.begin(), ids.end());
  const auto gap = std::adjacent_find(ids.begin(), ids.end(), [](int64_t a, int64_t b) { return b != a + 1; });
  if (ids.empty() || ids.front() != 1) return 1;
  return (gap == ids.end() ? ids.back() : *gap) + 1;
}

/// Throws Error unless the ids, each of which stands once, are 1 to `expected`.
void check_ids(const fs::path& path, const Rows& rows, int64_t expected) {
  const int64_t missing = first_missing(rows.ids);
  if (rows.count() != expected) {
    const bool has_gap = missing <= std::min(rows.count(), expected);
    throw Error(fmt::format("{}: {} rows; expected {}, one for each test image{}", path.string(), rows.count(),
                            expected, has_gap ? fmt::format(" (ImageId {} is missing)", missing) : ""),
                "make it again with digitrec predict");
  }
  for (size_t i = 0; i < rows.ids.size(); ++i) {
    if (rows.ids[i] <= expected) continue;
    throw Error(fmt::format("{}:{}: ImageId is {}; expected 1 to {}, each once ({} is missing)", path.string(),
                            rows.lines[i], rows.ids[i], expected, missing));
  }
}

}  // namespace

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

int64_t count_submission_rows(const fs::path& path) {
  const Rows rows = read_rows(path, kMaxClasses);
  check_ids(path, rows, rows.count());
  return rows.count();
}

std::vector<int64_t> check_submission(const fs::path& path, int64_t rows, int64_t classes) {
  Rows found = read_rows(path, classes);
  check_ids(path, found, rows);
  return std::move(found.labels);
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
