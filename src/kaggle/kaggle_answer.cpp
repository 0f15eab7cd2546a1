#include "kaggle/kaggle_answer.h"

#include "core/names.h"
#include "data/csv_text.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace digitrec {
namespace {

/// "SubmissionStatus.COMPLETE" as 2.0 lists it, or "complete", as programs before it do.
std::string status_of(std::string_view listed) { return lower_case(listed.substr(listed.rfind('.') + 1)); }

/// Comma-separated values as Python's csv.writer writes them: quoted where a field holds a comma, a quote or a line
/// break.
std::vector<std::vector<std::string>> csv_records(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record(1);
  bool is_quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_quoted && c == '"' && text.substr(i + 1).starts_with('"')) {
      record.back() += text[++i];
    } else if (c == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted && c == ',') {
      record.emplace_back();
    } else if (!is_quoted && c == '\n') {
      records.push_back(std::exchange(record, std::vector<std::string>(1)));
    } else if (is_quoted || c != '\r') {
      record.back() += c;
    }
  }
  records.push_back(std::move(record));
  return records;
}

/// The text from the line on that `begins`, past what the program may have to say before it; empty without one.
std::string_view from_line(std::string_view text, std::string_view begins) {
  for (size_t at = text.find(begins); at != std::string_view::npos; at = text.find(begins, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return text.substr(at);
  }
  return {};
}

}  // namespace

bool KaggleSubmission::is_same_as(const KaggleSubmission& other) const {
  return ref.empty() ? file_name == other.file_name && date == other.date : ref == other.ref;
}

std::optional<SubmissionAllowance> parse_allowance(std::string_view output) {
  const size_t begin = output.find('{');
  const size_t end = output.rfind('}');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::nullopt;
  const auto limits = nlohmann::json::parse(output.substr(begin, end + 1 - begin), nullptr, false);
  if (!limits.is_object()) return std::nullopt;
  const auto number = [&](const char* key) -> int64_t {  // a count that is 0 is left out
    const auto found = limits.find(key);
    return found != limits.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
  };
  const SubmissionAllowance allowance{number("numToday"), number("numAllowedNow")};
  const bool has_joined = number("numTotal") > 0 || allowance.left > 0;
  return has_joined ? std::optional(allowance) : std::nullopt;
}

std::optional<std::vector<KaggleSubmission>> parse_submissions(std::string_view output) {
  std::string_view table = from_line(output, "ref,");
  if (table.empty()) table = from_line(output, "fileName,");
  if (table.empty() && !from_line(output, "No submissions found").empty()) return std::vector<KaggleSubmission>{};
  const std::vector<std::vector<std::string>> records = csv_records(table);
  const std::vector<std::string>& header = records.front();
  const auto field = [&](const std::vector<std::string>& record, std::string_view name) -> std::string {
    const auto column = std::find(header.begin(), header.end(), name);
    return column == header.end() ? "" : record[static_cast<size_t>(column - header.begin())];
  };
  if (std::find(header.begin(), header.end(), "status") == header.end()) return std::nullopt;
  std::vector<KaggleSubmission> submissions;
  for (size_t i = 1; i < records.size(); ++i) {
    if (records[i].size() != header.size()) continue;  // something the program said behind the table
    submissions.push_back({field(records[i], "ref"), field(records[i], "fileName"), field(records[i], "date"),
                           status_of(field(records[i], "status")), field(records[i], "publicScore")});
  }
  return submissions;
}

std::string submission_ref(std::string_view output) {
  constexpr std::string_view kWords = "Submission ref: ";
  const std::string_view line = from_line(output, kWords);
  if (line.empty()) return "";
  const std::string_view number = line.substr(kWords.size());
  return std::string(number.substr(0, number.find_first_not_of("0123456789")));
}

std::string scoring_error(std::string_view output) {
  std::string_view block = from_line(output, "Error:");
  if (block.empty()) return "";
  block.remove_prefix(std::string_view("Error:").size());
  std::string reason;
  for (bool is_first = true; is_first || block.starts_with(' '); is_first = false) {  // further lines are indented
    const size_t end = block.find('\n');
    const std::string_view line = trimmed(block.substr(0, end));
    reason += fmt::format("{}{}", reason.empty() || line.empty() ? "" : " ", line);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
  }
  return reason;
}

}  // namespace digitrec
