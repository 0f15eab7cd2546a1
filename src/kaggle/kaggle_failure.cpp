#include "kaggle/kaggle_failure.h"

#include "core/names.h"
#include "data/csv_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace digitrec {
namespace {

using Kind = KaggleFailure::Kind;
using Lines = std::vector<std::string>;

constexpr std::string_view kPage = "kaggle.com/c/digit-recognizer";

bool contains(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

template <size_t count>
bool contains_any(std::string_view text, const std::array<std::string_view, count>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return contains(text, word); });
}

template <class Predicate>
std::string find_line(const Lines& lines, const Predicate& predicate) {
  const auto found = std::find_if(lines.begin(), lines.end(), predicate);
  return found == lines.end() ? "" : *found;
}

/// Three digits at `at` that are an HTTP error's status; else 0.
int status_at(std::string_view line, size_t at) {
  int status = 0;
  const char* begin = line.data() + std::min(at, line.size());
  const char* end = line.data() + std::min(at + 3, line.size());
  const auto [stop, error] = std::from_chars(begin, end, status);
  return error == std::errc{} && stop == begin + 3 && status >= 400 && status < 600 ? status : 0;
}

/// The status that a line reports as such: "403 Client Error: ...", "403 - Forbidden", "(403)", '"code": 403'.
int reported_status(std::string_view line) {
  for (const std::string_view after :
       {" Client Error", " Server Error", " Bad Request", " Unauthorized", " Forbidden", " Not Found",
        " Too Many Requests", " Request Entity Too Large", " Internal Server Error", " Bad Gateway",
        " Service Unavailable", " Gateway Time"}) {
    const size_t at = line.find(after);
    if (at != std::string_view::npos && at >= 3 && status_at(line, at - 3) != 0) return status_at(line, at - 3);
  }
  for (const std::string_view before : {"\"code\": ", "\"code\":", "HTTP ", "status code ", "status code: "}) {
    const size_t at = line.find(before);
    if (at != std::string_view::npos && status_at(line, at + before.size()) != 0)
      return status_at(line, at + before.size());
  }
  if (line.substr(std::min<size_t>(3, line.size())).starts_with(" - ")) return status_at(line, 0);
  if (line.starts_with('(') && line.substr(std::min<size_t>(4, line.size())).starts_with(')'))
    return status_at(line, 1);
  return 0;
}

struct Sentence {
  std::string_view begins;  ///< of a line
  int status;
};

// What the program prints in place of a status: kaggle/api/kaggle_api_extended.py of 2.2.5, and of 1.5 for kaggle.json.
constexpr std::array kSentences{
    Sentence{"Authentication required", 401},
    Sentence{"Invalid credentials", 401},
    Sentence{"Unauthenticated", 401},
    Sentence{"Unauthorized", 401},
    Sentence{"Your access token has expired", 401},
    Sentence{"Refresh token is invalid", 401},
    Sentence{"Could not find kaggle.json", 401},
    Sentence{"Missing username in configuration", 401},
    Sentence{"Missing key in configuration", 401},
    Sentence{"You must log in to Kaggle", 401},
    Sentence{"You must authenticate", 401},
    Sentence{"You don't have access to this resource", 403},
    Sentence{"Forbidden", 403},
    Sentence{"Permission '", 403},
    Sentence{"You must accept", 403},
    Sentence{"Could not find competition", 404},
    Sentence{"The resource was not found", 404},
    Sentence{"Submission not allowed", 400},
    Sentence{"You have been rate limited", 429},
    Sentence{"Too many requests", 429},
    Sentence{"This is a problem on Kaggle's side", 500},
};

/// A line without the class of the exception before it, which a traceback ends with: "requests.exceptions.HTTPError: ".
std::string_view without_exception(std::string_view line) {
  const size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return line;
  const std::string_view name = line.substr(0, colon);
  const bool is_name = name.find_first_of(" '(") == std::string_view::npos && name.ends_with("Error");
  return is_name ? line.substr(colon + 2) : line;
}

int sentence_status(std::string_view line) {
  const std::string_view text = without_exception(line);
  if (contains(text, "accept") && contains(text, "rules")) return 403;
  for (const Sentence& sentence : kSentences) {
    if (text.starts_with(sentence.begins)) return sentence.status;
  }
  return 0;
}

/// The first status that the lines tell, or 0. What a line reports as a status counts before sentences.
int find_status(const Lines& lines) {
  for (int (*read)(std::string_view) : {reported_status, sentence_status}) {
    for (const std::string& line : lines) {
      if (const int status = read(line); status != 0) return status;
    }
  }
  return 0;
}

/// requests' and urllib3's words for a host that does not answer. None of them is one of Kaggle's own sentences.
bool is_unreachable(std::string_view line) {
  static constexpr std::array<std::string_view, 18> kWords{
      "Max retries exceeded",
      "Failed to establish a new connection",
      "Failed to resolve",
      "NameResolutionError",
      "Name or service not known",
      "Temporary failure in name resolution",
      "nodename nor servname",
      "Connection refused",
      "Connection aborted",
      "Connection reset",
      "Network is unreachable",
      "No route to host",
      "timed out",
      "ConnectionError",
      "ConnectTimeout",
      "ProxyError",
      "SSLError",
      "CERTIFICATE_VERIFY_FAILED",
  };
  return contains_any(line, kWords);
}

/// Kaggle's words for a day's submissions that are used up: "Your team has used its daily Submission allowance (10)".
bool is_limit(std::string_view line) {
  static constexpr std::array<std::string_view, 5> kDay{"daily", "per day", "today", "tomorrow", "24 hours"};
  static constexpr std::array<std::string_view, 4> kCounted{"submission", "allowance", "limit", "quota"};
  static constexpr std::array<std::string_view, 5> kFull{"limit", "maximum", "exceeded", "allowance", "quota"};
  const std::string small = lower_case(line);
  if (contains(small, "submissions remaining today")) return false;            // what it says after a submission
  const bool is_of_file = contains(small, "file") || contains(small, "size");  // which has limits too
  return (contains_any(small, kDay) && contains_any(small, kCounted)) ||
         (contains(small, "submission") && contains_any(small, kFull) && !is_of_file);
}

/// "Please verify your phone number", "Your account must be phone verified": Kaggle asks it of new accounts.
bool wants_phone(std::string_view line) {
  const std::string small = lower_case(line);
  return contains(small, "phone") && contains(small, "verif");
}

/// requests' sentence down to its cause: what follows the last number of an error, the last quoted argument of an
/// exception, or the last colon. "[Errno 111] Connection refused")))" says "Connection refused".
std::string cause_of(std::string_view line) {
  constexpr auto kNone = std::string_view::npos;
  const auto after = [&](std::string_view words) {
    return line.rfind(words) == kNone ? 0 : line.rfind(words) + words.size();
  };
  const size_t number = line.rfind("[Errno ");
  const size_t quote = std::max(after("('"), after(", '"));
  if (number != kNone && line.find("] ", number) != kNone) {
    line.remove_prefix(line.find("] ", number) + 2);
  } else if (quote > 0) {
    return std::string(line.substr(quote, line.find('\'', quote) - quote));
  } else {
    return std::string(line.substr(after(": ")));
  }
  return std::string(line.substr(0, line.find_last_not_of("\"')") + 1));
}

/// A sentence without its full stop, for what follows it in a message.
std::string_view without_stop(std::string_view text) {
  return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

/// Kaggle's own words, without the address that was called: the first line, or the last exception's message.
std::string words_of(const Lines& lines) {
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const std::string& line) { return without_exception(line) != line; });
  if (last == lines.rend() && lines.empty()) return "it printed nothing";
  const std::string_view line = without_exception(last == lines.rend() ? lines.front() : *last);
  return std::string(without_stop(line.substr(0, line.find(" for url: "))));
}

/// "No module named 'six'" -> "six"; empty for anything else.
std::string missing_module(std::string_view line) {
  constexpr std::string_view kWords = "No module named '";
  const size_t at = line.find(kWords);
  if (at == std::string_view::npos) return "";
  const std::string_view name = line.substr(at + kWords.size());
  return std::string(name.substr(0, name.find_first_of("'.")));
}

bool lacks_module(std::string_view line) { return !missing_module(line).empty(); }

KaggleFailure explain_token(const Lines& lines) {
  constexpr const char* kLogin =
      "run kaggle auth login, or put one of kaggle.com/settings/api into KAGGLE_API_TOKEN or "
      "~/.kaggle/access_token";
  const bool is_old = std::any_of(lines.begin(), lines.end(),
                                  [](const std::string& line) { return contains(line, "Could not find kaggle.json"); });
  if (is_old) {
    return {Kind::no_token, "Authentication required: this kaggle program, from before 2.0, finds no kaggle.json",
            fmt::format("renew it with: pip install --upgrade kaggle; then {}", kLogin)};
  }
  return {Kind::no_token, "Authentication required: the kaggle program has no token that Kaggle knows", kLogin};
}

KaggleFailure explain_status(int status, const Lines& lines) {
  const std::string words = words_of(lines);
  if (status == 403) {
    return {Kind::rules, fmt::format("Kaggle refused the submission: {}", words),
            fmt::format("join the competition and accept the rules on {}/rules, then submit again", kPage)};
  }
  if (status == 404) {
    return {Kind::not_found,
            "Kaggle does not find the competition digit-recognizer, or it is closed to submissions (404)",
            fmt::format("look on {}; an old kaggle program is renewed with: pip install --upgrade kaggle", kPage)};
  }
  if (status == 429) {
    return {Kind::busy, fmt::format("Kaggle was asked too often: {}", words), "wait some minutes, then submit again"};
  }
  if (status >= 500) {
    return {Kind::down, fmt::format("Kaggle itself has failed: {}", words), "submit again later"};
  }
  const bool has_reason = !contains(words, "Bad Request");
  return {Kind::refused, fmt::format("Kaggle refused the submission: {}", words),
          fmt::format("look on {}/submissions{}", kPage, has_reason ? "" : ": the day's submissions may be used up")};
}

/// What says nothing of why the program failed: progress, warnings, and how it wants its own bugs reported.
bool is_noise(std::string_view line) {
  static constexpr std::array<std::string_view, 7> kBegins{
      "Warning: ",
      "Using competition: ",
      "Next Page Token",
      "If this is unexpected, you can re-run",
      "traceback. If you think this is a bug",
      "During handling of the above exception",
      "The above exception was the direct cause",
  };
  const bool is_of_python = contains(line, "Warning: ") && contains(line.substr(0, line.find("Warning: ")), ".py:");
  return is_of_python || line.ends_with("B/s") || contains(line, "B/s]") || contains(line, "B/s,") ||
         std::any_of(kBegins.begin(), kBegins.end(), [&](std::string_view words) { return line.starts_with(words); });
}

/// The line behind a progress bar on it, which a program that writes to no terminal may leave there.
std::string_view behind_bar(std::string_view line) {
  const size_t end = line.rfind("B/s]");
  return end == std::string_view::npos ? line : trimmed(line.substr(end + 4));
}

}  // namespace

std::vector<std::string> telling_lines(std::string_view output) {
  Lines lines;
  bool is_in_traceback = false;  // whose indented lines quote code, until the exception's message
  while (!output.empty()) {
    const size_t end = output.find_first_of("\r\n");
    const std::string_view whole = output.substr(0, end);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    if (is_in_traceback && whole.starts_with(' ')) continue;
    is_in_traceback = whole.starts_with("Traceback (most recent call last)");
    const std::string_view line = behind_bar(trimmed(whole));
    if (!line.empty() && !is_in_traceback && !is_noise(line)) lines.emplace_back(line);
  }
  return lines;
}

KaggleFailure explain_failure(const ProgramAnswer& answer) {
  if (answer.is_missing) {
    return {Kind::cannot_start, "the kaggle program is not on PATH",
            "install it with: pip install kaggle, then log in with: kaggle auth login"};
  }
  Lines lines = telling_lines(answer.output);
  for (std::string& line : lines)
    std::replace(line.begin(), line.end(), '`', '\'');  // our errors put settings in those
  const std::string last = lines.empty() ? "" : lines.back();
  if (const std::string line = find_line(lines, lacks_module); !line.empty()) {
    return {Kind::cannot_start, fmt::format("the kaggle program does not start: {}", line),
            fmt::format("install what it lacks beside it: pip install {}", missing_module(line))};
  }
  if (const std::string line = find_line(lines, is_unreachable); !line.empty()) {
    return {Kind::unreachable, fmt::format("Kaggle cannot be reached: {}", cause_of(line)),
            "check the network, and HTTPS_PROXY where a proxy leads out, then submit again"};
  }
  const int status = find_status(lines);
  if (status == 401) return explain_token(lines);
  if (const std::string line = find_line(lines, is_limit); !line.empty()) {
    return {Kind::limit,
            fmt::format("Kaggle takes no more submissions today: {}", without_stop(without_exception(line))),
            "submit again after 00:00 UTC, from which Kaggle counts a day"};
  }
  if (const std::string line = find_line(lines, wants_phone); !line.empty()) {
    return {Kind::refused, fmt::format("Kaggle refused the submission: {}", without_stop(without_exception(line))),
            "verify your phone number on kaggle.com/settings, then submit again"};
  }
  if (status != 0) return explain_status(status, lines);
  constexpr std::string_view kUpload = "Could not submit to competition";
  if (contains(last, kUpload)) {
    return {Kind::unreachable, fmt::format("the upload to Kaggle failed: {}", kUpload),
            "check the network, then submit again"};
  }
  return {Kind::unknown, fmt::format("the kaggle program failed: {}", last.empty() ? "it printed nothing" : last),
          "run it by itself, and check that Kaggle is reachable"};
}

}  // namespace digitrec
