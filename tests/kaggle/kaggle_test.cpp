// A submission's way through Kaggle's program, with a stand-in for it on PATH.
#include "kaggle/kaggle.h"

#include "digitrec/core/error.h"
#include "support.h"

#include <cstdlib>

namespace digitrec {
namespace {

constexpr const char* kToday = "2026-11-28";
constexpr const char* kHeader = "ref,fileName,date,description,status,publicScore,privateScore";

/// Puts a program named kaggle before all others. It notes what it is called with and acts by files: `list` holds the
/// rows of the submissions, `submit` is a script, `limits` is what submission-limits prints, where it exists.
class WithKaggle : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = folder_.path().string();
    const auto program = folder_.write("kaggle", "#!/bin/sh\ncd '" + path + "'\nheader=" + kHeader + R"sh(
printf '%s|' "$@" >>calls; echo >>calls
case $2 in
  submissions)
    if [ -s list ]; then echo $header; cat list; else echo 'No submissions found'; fi
    if [ -f next ]; then mv next list; fi ;;
  submission) echo "Error:           $(cat reason)" ;;
  submission-limits) if [ -f limits ]; then cat limits; else echo 'invalid choice' >&2; exit 2; fi ;;
  submit) . ./submit ;;
esac
)sh");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    path_before_ = std::getenv("PATH");
    setenv("PATH", (path + ":" + path_before_).c_str(), 1);
  }
  void TearDown() override { setenv("PATH", path_before_.c_str(), 1); }

  SentSubmission submit(const std::string& message = "first") {
    return submit_to_kaggle("s.csv", message, ask_kaggle(kToday), 0, pause_);
  }
  static std::string row(int ref, const std::string& status, const std::string& score = "",
                         const std::string& date = kToday) {
    return std::to_string(ref) + ",s.csv," + date + " 07:00:00,x,SubmissionStatus." + status + "," + score + ",\n";
  }

  test::TempFolder folder_;
  std::string path_before_;
  int pauses_ = 0;
  Pause pause_ = [this](double) { return ++pauses_ > 0; };
};

constexpr const char* kSuccess = "echo 'Successfully submitted to Digit Recognizer'\n";

TEST_F(WithKaggle, AllowanceIsKagglesOwnWhereItsProgramTells) {
  folder_.write("limits", R"({"numToday": 4, "numTotal": 90, "numAllowedNow": 1})");
  const KaggleStanding standing = ask_kaggle(kToday);
  ASSERT_TRUE(standing.allowance);
  EXPECT_EQ(standing.allowance->left, 1);
  EXPECT_FALSE(standing.is_counted);
}

TEST_F(WithKaggle, AllowanceIsElseCountedFromTheList) {
  folder_.write("list", row(5, "PENDING") + row(4, "ERROR") + row(3, "COMPLETE", "0.9") +
                            row(2, "COMPLETE", "0.9", "2026-11-27"));
  const KaggleStanding standing = ask_kaggle(kToday);
  ASSERT_TRUE(standing.allowance);
  EXPECT_EQ(standing.allowance->sent, 2) << "what could not be scored is not counted, nor yesterday's";
  EXPECT_EQ(standing.allowance->left, 8);
  EXPECT_TRUE(standing.is_counted);
}

TEST_F(WithKaggle, NothingIsSentWhereNoneIsLeft) {
  folder_.write("limits", R"({"numToday": 10, "numTotal": 90})");
  folder_.write("submit", kSuccess);
  EXPECT_ERROR(
      submit(), Error,
      "Kaggle takes no more submissions today: 10 were sent; submit again after 00:00 UTC, from which Kaggle counts "
      "a day");
  EXPECT_EQ(test::read_text(folder_ / "calls").find("submit|"), std::string::npos);
}

TEST_F(WithKaggle, SubmissionIsFoundByItsNumber) {
  folder_.write("list", row(1, "COMPLETE", "0.9"));
  folder_.write("submit", "echo 'Submission ref: 2'\n" + std::string(kSuccess) + "echo '" + row(2, "PENDING") +
                              row(1, "COMPLETE", "0.9") + "' >list\n");
  const SentSubmission sent = submit();
  EXPECT_EQ(sent.said, "Successfully submitted to Digit Recognizer");
  EXPECT_EQ(sent.ref, "2");
  ASSERT_TRUE(sent.found);
  EXPECT_EQ(sent.found->status, "pending");
  EXPECT_NE(test::read_text(folder_ / "calls").find("competitions|submit|-c|digit-recognizer|-f|s.csv|-m|first|\n"),
            std::string::npos);
}

TEST_F(WithKaggle, SubmissionIsElseTheOneThatIsNewInTheList) {
  folder_.write("list", row(1, "COMPLETE", "0.9"));
  folder_.write("submit",
                std::string(kSuccess) + "echo '" + row(2, "PENDING") + row(1, "COMPLETE", "0.9") + "' >next\n");
  const SentSubmission sent = submit();
  ASSERT_TRUE(sent.found);
  EXPECT_EQ(sent.found->ref, "2");
  EXPECT_EQ(pauses_, 1) << "the list may lag behind";
}

TEST_F(WithKaggle, SuccessThatIsNotListedIsNotBelieved) {
  folder_.write("list", row(1, "COMPLETE", "0.9"));
  folder_.write("submit", kSuccess);
  EXPECT_ERROR(submit(), Error,
               "the kaggle program says 'Successfully submitted to Digit Recognizer', but Kaggle does not list the "
               "submission; look for it on kaggle.com/c/digit-recognizer/submissions before you submit again");
  std::string day;
  for (int ref = 20; ref > 10; --ref) day += row(ref, "COMPLETE", "0.9");
  folder_.write("list", day);
  EXPECT_ERROR(submit(), Error,
               "the kaggle program says 'Successfully submitted to Digit Recognizer', but Kaggle does not list the "
               "submission; 10 were sent today, and Kaggle takes no more: submit again after 00:00 UTC");
}

TEST_F(WithKaggle, RefusalWithStatusZeroIsOne) {  // as programs before 2.0 have it
  folder_.write("submit", "echo '403 - Forbidden'\n");
  EXPECT_ERROR(submit(), Error,
               "Kaggle refused the submission: 403 - Forbidden; join the competition and accept the rules on "
               "kaggle.com/c/digit-recognizer/rules, then submit again");
  folder_.write("submit", std::string(kSuccess) + "exit 3\n");
  EXPECT_ERROR(
      submit(), Error,
      "the kaggle program failed: Successfully submitted to Digit Recognizer; run it by itself, and check that "
      "Kaggle is reachable");
}

TEST_F(WithKaggle, MessageMayBeginLikeAFlag) {
  folder_.write("submit", std::string(kSuccess) + "echo '" + row(2, "PENDING") + "' >list\n");
  submit("-5 layers");
  EXPECT_NE(test::read_text(folder_ / "calls").find("|--message=-5 layers|\n"), std::string::npos);
}

TEST_F(WithKaggle, ScoreIsWaitedFor) {
  folder_.write("submit", std::string(kSuccess) + "echo '" + row(2, "PENDING") + "' >list\n");
  const SentSubmission sent = submit();
  folder_.write("next", row(3, "PENDING") + row(2, "COMPLETE", "0.99142"));
  const auto scored = wait_for_score(sent, 60, 0, pause_);
  ASSERT_TRUE(scored);
  EXPECT_EQ(scored->public_score, "0.99142");
  EXPECT_EQ(pauses_, 2);
}

TEST_F(WithKaggle, ReasonIsToldWhereThereIsNoScore) {
  folder_.write("reason", "Could not parse '7.0'");
  folder_.write("submit", std::string(kSuccess) + "echo '" + row(2, "ERROR") + "' >list\n");
  EXPECT_ERROR(wait_for_score(submit(), 60, 0, pause_), Error,
               "Kaggle could not score the submission: Could not parse '7.0'");
}

TEST_F(WithKaggle, WaitEndsByTimeAndByTheUser) {
  folder_.write("submit", std::string(kSuccess) + "echo '" + row(2, "PENDING") + "' >list\n");
  const SentSubmission sent = submit();
  EXPECT_ERROR(wait_for_score(sent, 0, 0, pause_), Error,
               "no score after 0 s: Kaggle says pending; the submission was sent; look for its score on "
               "kaggle.com/c/digit-recognizer/submissions");
  EXPECT_FALSE(wait_for_score(sent, 60, 0, [](double) { return false; }));
}

}  // namespace
}  // namespace digitrec
