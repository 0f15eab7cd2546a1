// What Kaggle's program answers: texts of kaggle 2.2.5 (against scripts/check/kaggle_stand_in.py), of programs
// before 2.0, and some that only look like a refusal.
#include "kaggle/kaggle_failure.h"

#include <gtest/gtest.h>

namespace digitrec {
namespace {

using Kind = KaggleFailure::Kind;

struct Case {
  const char* name;
  const char* output;
  Kind kind;
  const char* what;  ///< empty: not held to a text
};

class ExplainFailure : public testing::TestWithParam<Case> {};

TEST_P(ExplainFailure, TellsWhatIsMeant) {
  const Case& wanted = GetParam();
  const KaggleFailure failure = explain_failure({.output = wanted.output});
  EXPECT_EQ(failure.kind, wanted.kind) << failure.what;
  if (*wanted.what != '\0') {
    EXPECT_EQ(failure.what, wanted.what);
  }
  EXPECT_EQ((failure.what + failure.hint).find('\n'), std::string::npos);
  EXPECT_NE(failure.hint, "");
}

constexpr const char* kNoToken = "Authentication required: the kaggle program has no token that Kaggle knows";

INSTANTIATE_TEST_SUITE_P(
    Today, ExplainFailure,
    testing::Values(
        Case{
            "NoToken",
            "Authentication required to call the Kaggle API.\n\nFirst, you will need a Kaggle account. You can sign up "
            "at\n  https://www.kaggle.com/account/login\n\n    kaggle auth login\n",
            Kind::no_token, kNoToken},
        Case{"TokenUnknownToKaggle",
             "Traceback (most recent call last):\n  File \"cli.py\", line 9, in main\n    raise "
             "requests.exceptions.HTTPError(resp[\"message\"])\nrequests.exceptions.HTTPError: Unauthenticated",
             Kind::no_token, kNoToken},
        Case{"TokenExpired", "Your access token has expired. Please re-authenticate", Kind::no_token, kNoToken},
        Case{"LoginExpired", "Refresh token is invalid or expired", Kind::no_token, kNoToken},
        Case{"BehindAWarningOfPython",
             "/usr/lib/python3/x.py:11: UserWarning: pkg_resources is deprecated; slated for removal\n"
             "403 Client Error: Forbidden",
             Kind::rules, "Kaggle refused the submission: 403 Client Error: Forbidden"},
        Case{"Offline",
             "HTTPSConnectionPool(host='api.kaggle.com', port=443): Max retries exceeded with url: "
             "/v1/competitions.CompetitionApiService/StartSubmissionUpload (Caused by "
             "NameResolutionError(\"HTTPSConnection(host='api.kaggle.com', port=443): Failed to resolve "
             "'api.kaggle.com' "
             "([Errno -2] Name or service not known)\"))",
             Kind::unreachable, "Kaggle cannot be reached: Name or service not known"},
        Case{"OfflineWithToken",
             "Traceback (most recent call last):\n  File \"connection.py\", line 401, in connect\n    raise "
             "NewConnectionError(\nConnectionRefusedError: [Errno 111] Connection refused\n\nDuring handling of the "
             "above "
             "exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"x.py\", line 403\n"
             "requests.exceptions.ProxyError: HTTPSConnectionPool(host='api.kaggle.com', port=443): Max retries "
             "exceeded "
             "with url: /v1/security.OAuthService/IntrospectToken (Caused by ProxyError('Unable to connect to proxy', "
             "NewConnectionError(\"HTTPSConnection(host='127.0.0.1', port=9): Failed to establish a new connection: "
             "[Errno "
             "111] Connection refused\")))",
             Kind::unreachable, "Kaggle cannot be reached: Connection refused"},
        Case{"Cut", "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
             Kind::unreachable, "Kaggle cannot be reached: Remote end closed connection without response"},
        Case{"Tls",
             "requests.exceptions.SSLError: HTTPSConnectionPool(host='api.kaggle.com', port=443): Max retries exceeded "
             "with "
             "url: /v1/x (Caused by SSLError(SSLEOFError(8, 'EOF occurred in violation of protocol (_ssl.c:2427)')))",
             Kind::unreachable, "Kaggle cannot be reached: EOF occurred in violation of protocol (_ssl.c:2427)"},
        Case{"Timeout", "HTTPSConnectionPool(host='api.kaggle.com', port=443): Read timed out. (read timeout=401)",
             Kind::unreachable, "Kaggle cannot be reached: Read timed out. (read timeout=401)"},
        Case{
            "Rules",
            "Permission 'competitions.participate' was denied\n\nYou don't have access to this resource.\nIf this is a "
            "competition, you may need to accept its rules first at\n  "
            "https://www.kaggle.com/competitions/<competition>/rules",
            Kind::rules, "Kaggle refused the submission: Permission 'competitions.participate' was denied"},
        Case{"Closed",
             "Could not find competition - please verify that you entered the correct competition ID and that the "
             "competition is still accepting submissions.\n  Error: Not found",
             Kind::not_found,
             "Kaggle does not find the competition digit-recognizer, or it is closed to submissions (404)"},
        Case{"Limit",
             "Submission not allowed: Your team has used its daily Submission allowance (10) today, please try again "
             "tomorrow UTC (3.4 hours from now).",
             Kind::limit,
             "Kaggle takes no more submissions today: Submission not allowed: Your team has used its daily Submission "
             "allowance (10) today, please try again tomorrow UTC (3.4 hours from now)"},
        Case{"Busy", "Too many requests\n\nYou have been rate limited. Wait a little while before retrying.",
             Kind::busy, "Kaggle was asked too often: Too many requests"},
        Case{"Down",
             "503 Server Error: Service Unavailable for url: https://api.kaggle.com/v1/x\n\nThis is a problem on "
             "Kaggle's "
             "side, not with your command. Please try again later.",
             Kind::down, "Kaggle itself has failed: 503 Server Error: Service Unavailable"},
        Case{"BadRequest", "400 Client Error: Bad Request for url: https://api.kaggle.com/v1/x", Kind::refused,
             "Kaggle refused the submission: 400 Client Error: Bad Request"},
        Case{"UploadFailed", "Could not submit to competition", Kind::unreachable,
             "the upload to Kaggle failed: Could not submit to competition"},
        Case{"ModuleMissing",
             "Traceback (most recent call last):\n  File \"upload_file.py\", line 22, in <module>\n    import six\n"
             "ModuleNotFoundError: No module named 'six'",
             Kind::cannot_start, "the kaggle program does not start: ModuleNotFoundError: No module named 'six'"},
        Case{"ItsOwnBug",
             "TypeError: bad operand\n\nIf this is unexpected, you can re-run with `kaggle --debug [command]` to see "
             "the "
             "full\ntraceback. If you think this is a bug, please report it at "
             "https://github.com/Kaggle/kaggle-cli/issues",
             Kind::unknown, "the kaggle program failed: TypeError: bad operand"}),
    [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    InOtherWords, ExplainFailure,
    testing::Values(
        Case{"Limit", "Your team has made 10 submissions in the last 24 hours", Kind::limit, ""},
        Case{"Limit2", "You have reached the maximum number of submissions", Kind::limit, ""},
        Case{"Phone", "400 Client Error: Bad Request for url: x\nPlease verify your phone number to submit.",
             Kind::refused, "Kaggle refused the submission: Please verify your phone number to submit"},
        Case{"Phone403", "403 - Forbidden - your account is not phone verified", Kind::refused, ""},
        Case{"Rules", "Please accept the competition's rules first", Kind::rules, ""},
        Case{"RulesBeforeAll", "Submission not allowed: you must accept the rules", Kind::rules, ""},
        Case{"Forbidden", "HTTP 403", Kind::rules, ""}, Case{"Gateway", "502 Bad Gateway", Kind::down, ""},
        Case{"TimedOut", "Connection to api.kaggle.com timed out. (connect timeout=30)", Kind::unreachable, ""},
        Case{"TooLarge", "413 Client Error: Request Entity Too Large for url: x", Kind::refused, ""}),
    [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Before2, ExplainFailure,
    testing::Values(
        Case{"NoToken", "OSError: Could not find kaggle.json. Make sure it is located in ~/.kaggle", Kind::no_token,
             "Authentication required: this kaggle program, from before 2.0, finds no kaggle.json"},
        Case{"Authenticate", "You must authenticate before you can call the Kaggle API.", Kind::no_token, kNoToken},
        Case{"Unauthorized", "401 - Unauthorized", Kind::no_token, kNoToken},
        Case{"Exception", "(401)\nReason: Unauthorized\nHTTP response headers: {}", Kind::no_token, kNoToken},
        Case{"Rules", "403 - Forbidden - You must accept this competition rules", Kind::rules, ""},
        Case{"Limit", "400 - Bad Request - You have exceeded your daily submission limit", Kind::limit, ""},
        Case{"Document", "{\"code\": 403, \"message\": \"denied\"}", Kind::rules, ""}),
    [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NotWhatItLooksLike, ExplainFailure,
    testing::Values(
        Case{"Speed401", "100%|###| 208k/208k [00:00<00:00, 401kB/s]\n400 Client Error: Bad Request", Kind::refused,
             "Kaggle refused the submission: 400 Client Error: Bad Request"},
        Case{"Speed403", "100%|###| 208k/208k [00:00<00:00, 403kB/s]\nSubmission not allowed: daily allowance used",
             Kind::limit, "Kaggle takes no more submissions today: Submission not allowed: daily allowance used"},
        Case{"SpeedOnTheSameLine", "  0%| | 0/1 [00:00<?, ?B/s]\r100%|#| 1/1 [00:00<00:00, 404B/s]500 Server Error: x",
             Kind::down, "Kaggle itself has failed: 500 Server Error: x"},
        Case{"SpeedAlone", "100% 401kB/s\nsomething else", Kind::unknown, "the kaggle program failed: something else"},
        Case{"AcceptingSubmissions",
             "Could not find competition - please verify ... still accepting submissions.\n  Error: 404 Client Error",
             Kind::not_found, ""},
        Case{"NumberOfASubmission", "Submission ref: 401403\nwhatever", Kind::unknown, ""},
        Case{"Notebooks", "Submission not allowed: this competition takes notebooks only, accept that", Kind::refused,
             "Kaggle refused the submission: Submission not allowed: this competition takes notebooks only, accept "
             "that"},
        Case{"RowsOf403", "evaluation failed: 403 rows are missing", Kind::unknown, ""},
        Case{"FileLimit", "Submission file is above the limit of 20 MB", Kind::unknown, ""},
        Case{"FileSize", "Submission file exceeds the maximum size", Kind::unknown, ""},
        Case{"Nothing", "", Kind::unknown, "the kaggle program failed: it printed nothing"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace digitrec
