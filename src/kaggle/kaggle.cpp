#include "kaggle/kaggle.h"

#include "core/program.h"
#include "digitrec/core/error.h"
#include "kaggle/kaggle_failure.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>

namespace digitrec {
namespace {

using Submissions = std::vector<KaggleSubmission>;
using Kind = KaggleFailure::Kind;

constexpr const char* kCompetition = "digit-recognizer";
constexpr const char* kPage = "kaggle.com/c/digit-recognizer/submissions";

ProgramAnswer competitions(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"kaggle", "competitions"});
  return run_program(arguments);
}

[[noreturn]] void fail(const KaggleFailure& failure) { throw Error(failure.what, failure.hint); }

/// Throws Error where nothing else that is asked of the program would get another answer.
void require_contact(const ProgramAnswer& answer) {
  if (answer.succeeded) return;
  const KaggleFailure failure = explain_failure(answer);
  if (failure.kind == Kind::cannot_start || failure.kind == Kind::unreachable || failure.kind == Kind::no_token)
    fail(failure);
}

ProgramAnswer ask_for_list() {
  return competitions({"submissions", "-c", kCompetition, "--csv"});  // CSV, which programs before 2.0 have too
}

std::optional<Submissions> list_of(const ProgramAnswer& answer) {
  return answer.succeeded ? parse_submissions(answer.output) : std::nullopt;
}

/// Those of a day that Kaggle counts: what it could not score is free.
SubmissionAllowance count_day(const Submissions& submissions, std::string_view today) {
  const int64_t sent = std::count_if(submissions.begin(), submissions.end(), [&](const KaggleSubmission& submission) {
    return submission.date.starts_with(today) && submission.status != "error";
  });
  return {sent, std::max<int64_t>(0, kDailySubmissions - sent)};
}

/// The submission that was sent among those listed: the one of its number, or without one the first that is new.
std::optional<KaggleSubmission> find_sent(const SentSubmission& sent, const Submissions& before,
                                          const Submissions& listed) {
  const auto is_it = [&](const KaggleSubmission& submission) {
    if (!sent.ref.empty() && !submission.ref.empty()) return submission.ref == sent.ref;
    return std::none_of(before.begin(), before.end(),
                        [&](const KaggleSubmission& old) { return old.is_same_as(submission); });
  };
  const auto found = std::find_if(listed.begin(), listed.end(), is_it);
  return found == listed.end() ? std::nullopt : std::optional(*found);
}

/// Kaggle's list may lag behind: it is read up to five times.
std::optional<KaggleSubmission> look_for(const SentSubmission& sent, const Submissions& before, double interval,
                                         const Pause& pause) {
  constexpr int kLooks = 5;
  for (int i = 1; i <= kLooks; ++i) {
    const auto listed = list_of(ask_for_list());
    const auto found = listed ? find_sent(sent, before, *listed) : std::nullopt;
    if (found || i == kLooks || !pause(std::min<double>(i, interval))) return found;
  }
  return std::nullopt;
}

/// The program's own line of success; empty without one.
std::string line_of_success(const ProgramAnswer& answer) {
  if (!answer.succeeded) return "";
  const std::vector<std::string> lines = telling_lines(answer.output);
  const auto found = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("uccessfully submitted") != std::string::npos;
  });
  if (found != lines.end()) return *found;
  const std::string ref = submission_ref(answer.output);
  return ref.empty() ? "" : fmt::format("Submission ref: {}", ref);
}

[[noreturn]] void fail_unlisted(const std::string& said, const KaggleStanding& before) {
  const bool is_used_up = before.allowance && before.allowance->left == 0;
  throw Error(fmt::format("the kaggle program says '{}', but Kaggle does not list the submission", said),
              is_used_up ? fmt::format("{} were sent today, and Kaggle takes no more: submit again after 00:00 UTC",
                                       before.allowance->sent)
                         : fmt::format("look for it on {} before you submit again", kPage));
}

/// Kaggle's reason for a submission that it could not score.
[[noreturn]] void fail_score(const KaggleSubmission& submission) {
  std::string reason;
  if (!submission.ref.empty()) reason = scoring_error(competitions({"submission", submission.ref}).output);
  throw Error(fmt::format("Kaggle could not score the submission: {}", reason.empty() ? "it gives no reason" : reason),
              reason.empty() ? fmt::format("look for the reason on {}", kPage) : "");
}

}  // namespace

KaggleStanding ask_kaggle(std::string_view today) {
  KaggleStanding standing;
  const ProgramAnswer limits = competitions({"submission-limits", "-c", kCompetition, "--json"});
  require_contact(limits);
  if (limits.succeeded) standing.allowance = parse_allowance(limits.output);
  const ProgramAnswer list = ask_for_list();
  require_contact(list);
  standing.submissions = list_of(list);
  if (!standing.allowance && standing.submissions) {
    standing.allowance = count_day(*standing.submissions, today);
    standing.is_counted = true;
  }
  return standing;
}

SentSubmission submit_to_kaggle(const std::filesystem::path& file, const std::string& message,
                                const KaggleStanding& before, double interval, const Pause& pause) {
  if (before.allowance && before.allowance->left == 0 && !before.is_counted) {
    throw Error(fmt::format("Kaggle takes no more submissions today: {} were sent", before.allowance->sent),
                "submit again after 00:00 UTC, from which Kaggle counts a day");
  }
  std::vector<std::string> arguments{"submit", "-c", kCompetition, "-f", file.string()};
  // Python's argparse takes a word that begins with - for a flag, but behind =.
  if (message.starts_with('-')) {
    arguments.push_back("--message=" + message);
  } else {
    arguments.insert(arguments.end(), {"-m", message});
  }
  const ProgramAnswer answer = competitions(arguments);
  // A program before 2.0 exits with 0 after some refusals too.
  if (!answer.succeeded) fail(explain_failure(answer));
  SentSubmission sent{line_of_success(answer), submission_ref(answer.output), std::nullopt};
  // Where there was no list before there is none to find it in.
  if (before.submissions) sent.found = look_for(sent, *before.submissions, interval, pause);
  if (sent.found) return sent;
  if (sent.said.empty()) fail(explain_failure(answer));
  if (before.submissions) fail_unlisted(sent.said, before);
  return sent;
}

std::optional<KaggleSubmission> wait_for_score(const SentSubmission& sent, double limit, double interval,
                                               const Pause& pause) {
  if (!sent.found) {
    throw Error("the submission was sent, but its score cannot be waited for: the kaggle program lists no submissions",
                fmt::format("look for it on {}", kPage));
  }
  const auto start = std::chrono::steady_clock::now();
  KaggleSubmission latest = *sent.found;
  for (;;) {
    if (latest.status == "complete") return latest;
    if (latest.status == "error") fail_score(latest);
    if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() >= limit) {
      throw Error(fmt::format("no score after {} s: Kaggle says {}", limit, latest.status),
                  fmt::format("the submission was sent; look for its score on {}", kPage));
    }
    if (!pause(interval)) return std::nullopt;
    const auto listed = list_of(ask_for_list());  // a network that is away for a moment is no reason to give up
    if (!listed) continue;
    const auto it = std::find_if(listed->begin(), listed->end(),
                                 [&](const KaggleSubmission& other) { return latest.is_same_as(other); });
    if (it != listed->end()) latest = *it;
  }
}

}  // namespace digitrec
