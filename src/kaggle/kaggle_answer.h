#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Submissions of a day, which Kaggle counts from 00:00 UTC.
struct SubmissionAllowance {
  int64_t sent = 0;
  int64_t left = 0;
};

/// A row of `kaggle competitions submissions`.
struct KaggleSubmission {
  std::string ref;  ///< its number; programs before 2.0 list none
  std::string file_name;
  std::string date;    ///< "2026-11-28 07:35:11.366000", UTC
  std::string status;  ///< pending, complete or error
  std::string public_score;

  bool is_same_as(const KaggleSubmission& other) const;
};

/// Reads `kaggle competitions submission-limits --json`. None where it is something else, or tells nothing: Kaggle
/// counts only for those who have joined the competition.
std::optional<SubmissionAllowance> parse_allowance(std::string_view output);

/// Reads `kaggle competitions submissions --csv`, newest first. None where it is something else.
std::optional<std::vector<KaggleSubmission>> parse_submissions(std::string_view output);

/// The number after "Submission ref:", which `kaggle competitions submit` prints since 2.0; else empty.
std::string submission_ref(std::string_view output);

/// What stands after "Error:" in `kaggle competitions submission REF`, in one line; else empty.
std::string scoring_error(std::string_view output);

}  // namespace digitrec
