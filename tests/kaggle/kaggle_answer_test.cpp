// What Kaggle's program lists: texts of kaggle 2.2.5, and of programs before 2.0.
#include "kaggle/kaggle_answer.h"

#include <gtest/gtest.h>

namespace digitrec {
namespace {

TEST(ParseAllowance, ReadsKagglesCountWhichLeavesZerosOut) {
  const auto some =
      parse_allowance("Warning: outdated\n{\n  \"numToday\": 1,\n  \"numTotal\": 4,\n  \"numAllowedNow\": 9\n}");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->sent, 1);
  EXPECT_EQ(some->left, 9);
  const auto none = parse_allowance(R"({"numToday": 10, "numTotal": 13})");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->left, 0);
  EXPECT_FALSE(parse_allowance("{}")) << "who has not joined has no count";
  EXPECT_FALSE(parse_allowance("usage: kaggle {competitions,c}"));
  EXPECT_FALSE(parse_allowance("Successfully submitted"));
}

TEST(ParseSubmissions, ReadsTheTableOfTodayAndOfBefore) {
  const auto now = parse_submissions(
      "Warning: Looks like you're using an outdated `kaggle` version\r\n"
      "ref,fileName,date,description,status,publicScore,privateScore\r\n"
      "402,s.csv,2026-11-28 07:35:11.366000,\"a, \"\"b\"\"\nc\",SubmissionStatus.COMPLETE,0.99142,\r\n"
      "401,s.csv,2026-11-27 07:35:11,x,SubmissionStatus.PENDING,,\r\nsomething behind it\r\n");
  ASSERT_TRUE(now);
  ASSERT_EQ(now->size(), 2U);
  EXPECT_EQ(now->at(0).ref, "402");
  EXPECT_EQ(now->at(0).status, "complete");
  EXPECT_EQ(now->at(0).public_score, "0.99142");
  EXPECT_EQ(now->at(1).date, "2026-11-27 07:35:11");
  EXPECT_EQ(now->at(1).status, "pending");
  const auto before = parse_submissions(
      "fileName,date,description,status,publicScore,privateScore\ns.csv,2026-11-28 07:35:11,x,error,None,None");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->at(0).ref, "");
  EXPECT_EQ(before->at(0).status, "error");
  ASSERT_TRUE(parse_submissions("No submissions found"));
  EXPECT_TRUE(parse_submissions("No submissions found")->empty());
  EXPECT_FALSE(parse_submissions("Successfully submitted to Digit Recognizer"));
  EXPECT_FALSE(parse_submissions(""));
}

TEST(SubmissionRef, IsTheNumberThatTheProgramTells) {
  EXPECT_EQ(submission_ref("100%|#| 18/18\nSubmission ref: 401403\n9 submissions remaining today."), "401403");
  EXPECT_EQ(submission_ref("Successfully submitted"), "");
}

TEST(ScoringError, MayHaveSeveralLines) {
  EXPECT_EQ(scoring_error("Submission Ref:  402\nStatus:          ERROR\nError:           Could not parse '7.0'\n"
                          "                 (Line 2, Column 2)\nPublic Score:    \n"),
            "Could not parse '7.0' (Line 2, Column 2)");
  EXPECT_EQ(scoring_error("Status: COMPLETE"), "");
}

}  // namespace
}  // namespace digitrec
