#pragma once

#include "kaggle/kaggle_answer.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Submissions a day that the Digit Recognizer competition takes, where Kaggle's program does not tell.
inline constexpr int64_t kDailySubmissions = 10;

/// What Kaggle has of one's submissions before another one is sent.
struct KaggleStanding {
  std::optional<SubmissionAllowance> allowance;              ///< none: unknown
  bool is_counted = false;                                   ///< from the list and kDailySubmissions, not by Kaggle
  std::optional<std::vector<KaggleSubmission>> submissions;  ///< the latest; none where the program lists none
};

/// A submission that was sent.
struct SentSubmission {
  std::string said;                       ///< the program's own line
  std::string ref;                        ///< its number, where the program told it
  std::optional<KaggleSubmission> found;  ///< as Kaggle lists it; none where the program lists none
};

/// Waits so many seconds; false where the user wants to leave.
using Pause = std::function<bool(double seconds)>;

/// Asks the official `kaggle` program on PATH what of the competition digit-recognizer was sent on the day `today`
/// ("2026-11-28", UTC). Throws Error, with what to do, where it is missing, has no token, or cannot reach Kaggle.
KaggleStanding ask_kaggle(std::string_view today);

/// Hands `file` to the program and looks for it in Kaggle's list, up to five times with `pause` of at most `interval`
/// seconds between: its word alone is not believed. Throws Error where no submission is left today, where Kaggle
/// refuses or does not list it, with what to do.
SentSubmission submit_to_kaggle(const std::filesystem::path& file, const std::string& message,
                                const KaggleStanding& before, double interval, const Pause& pause);

/// Asks every `interval` seconds until Kaggle has scored the submission. None where `pause` says to leave. Throws Error
/// with Kaggle's reason where it cannot be scored, and where there is no score after `limit` seconds.
std::optional<KaggleSubmission> wait_for_score(const SentSubmission& sent, double limit, double interval,
                                               const Pause& pause);

}  // namespace digitrec
