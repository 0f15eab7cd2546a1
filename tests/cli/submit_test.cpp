// `submit`, and a stand-in for the kaggle program.
#include "cli/trained_run.h"

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;

class Submit : public test::WithTrainedRun {
 protected:
  void SetUp() override {
    WithTrainedRun::SetUp();
    ASSERT_EQ(run_digitrec("predict --checkpoint run --out run/submission.csv", folder_.path()).exit_code, 0);
  }

  /// A stand-in for the kaggle program that notes its arguments, says `says` and exits with `status`.
  ProgramResult submit_with(const std::string& says, int status) {
    std::filesystem::create_directories(folder_ / "bin");
    folder_.write("bin/kaggle", "#!/bin/sh\nprintf '%s|' \"$@\" > arguments\necho '" + says + "'\nexit " +
                                    std::to_string(status) + "\n");
    std::filesystem::permissions(folder_ / "bin/kaggle", std::filesystem::perms::owner_all);
    return run_digitrec("submit run -m 'my; \"message\"'", folder_.path(), "PATH=$PWD/bin:$PATH");
  }
};

TEST_F(Submit, HandsOverToKaggle) {
  const ProgramResult result = submit_with("Successfully submitted to Digit Recognizer", 0);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("Successfully submitted to Digit Recognizer\n"), std::string::npos);
  EXPECT_EQ(submit_with("Warning: Your Kaggle API key is readable by others: chmod 600 kaggle.json\n100% "
                        "401kB/s\nSuccessfully submitted to Digit Recognizer",
                        0)
                .exit_code,
            0);
  EXPECT_EQ(read_text(folder_ / "arguments"),
            "competitions|submit|-c|digit-recognizer|-f|run/submission.csv|-m|my; \"message\"|");
}

TEST_F(Submit, MakesTheSubmissionWhereItIsMissing) {
  const std::string predicted = read_text(folder_ / "run/submission.csv");
  std::filesystem::remove(folder_ / "run/submission.csv");
  const ProgramResult result = run_digitrec("submit run --dry-run", folder_.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("run/submission.csv: 20 rows\nrun/submission.csv: valid: 20 rows")) << result.out;
  EXPECT_EQ(read_text(folder_ / "run/submission.csv"), predicted);
  EXPECT_EQ(run_digitrec("submit run --dry-run", folder_.path()).err, "");
  ASSERT_EQ(run_digitrec("train --resume run --epochs 2", folder_.path()).exit_code, 0);
  EXPECT_EQ(run_digitrec("submit run --dry-run", folder_.path()).err,
            "warning: run/submission.csv is older than the network; remove it to have it made again\n");
  std::filesystem::remove(folder_ / "run/submission.csv");
  EXPECT_EQ(run_digitrec("submit run --dry-run --data none", folder_.path()).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/submission.csv"));
}

TEST_F(Submit, SaysWhatKaggleIsMissing) {
  constexpr const char* kNoToken =
      "digitrec: Authentication required: the kaggle program has no token that Kaggle knows; run kaggle auth login, or "
      "put one of kaggle.com/settings/api into KAGGLE_API_TOKEN or ~/.kaggle/access_token\n";
  EXPECT_EQ(submit_with("Authentication required to call the Kaggle API.", 1).err, kNoToken);
  EXPECT_EQ(
      submit_with("403 - Forbidden - You must accept this competition rules", 1).err,
      "digitrec: Kaggle refused the submission: 403 - Forbidden - You must accept this competition rules; join the "
      "competition and accept the rules on kaggle.com/c/digit-recognizer/rules, then submit again\n");
  const ProgramResult failed = submit_with("something else", 3);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.err,
            "digitrec: the kaggle program failed: something else; run it by itself, and check that Kaggle is "
            "reachable\n");
  EXPECT_EQ(submit_with("Could not submit to competition", 0).exit_code, 1);
  EXPECT_EQ(
      run_digitrec("submit run -m x", folder_.path(), "PATH=/none").err,
      "digitrec: the kaggle program is not on PATH; install it with: pip install kaggle, then log in with: kaggle "
      "auth login\n");
}

TEST_F(Submit, SaysWhatIsLeftAndWaitsForTheScore) {
  std::filesystem::create_directories(folder_ / "bin");
  const std::string header = "echo ref,fileName,date,description,status,publicScore,privateScore\n";
  folder_.write("bin/kaggle",
                "#!/bin/sh\ncase $2 in\n  submit) touch sent; echo Successfully submitted ;;\n  submissions) " +
                    header +
                    "    [ ! -f sent ] || [ -f listed ] || echo 7,s.csv,2026-11-28,x,SubmissionStatus.PENDING,,\n"
                    "    [ ! -f listed ] || echo 7,s.csv,2026-11-28,x,SubmissionStatus.COMPLETE,0.99142,\n"
                    "    [ ! -f sent ] || touch listed ;;\n  *) exit 2 ;;\nesac\n");
  std::filesystem::permissions(folder_ / "bin/kaggle", std::filesystem::perms::owner_all);
  const ProgramResult result = run_digitrec("submit --file run/submission.csv -m x --wait --poll-interval 1",
                                            folder_.path(), "PATH=$PWD/bin:$PATH");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("\n10 of 10 submissions are left today (UTC)\nSuccessfully submitted\n"
                            "run/submission.csv: Kaggle's public score is 0.99142\n"),
            std::string::npos)
      << result.out;

  folder_.write("bin/kaggle",
                "#!/bin/sh\n[ $2 != submissions ] || echo ref,status\n[ $2 != submit ] || touch pending\n"
                "[ $2 != submissions ] || [ ! -f pending ] || echo 8,PENDING\n");
  const ProgramResult left = run_digitrec("submit run -m x --wait", folder_.path(),
                                          "PATH=$PWD/bin:$PATH timeout --foreground --preserve-status -s INT 4");
  EXPECT_EQ(left.exit_code, 130) << left.err;
  EXPECT_TRUE(
      left.err.ends_with("stopped waiting; Kaggle scores the submission all the same: see kaggle competitions "
                         "submissions digit-recognizer\n"))
      << left.err;
}

}  // namespace
}  // namespace digitrec
