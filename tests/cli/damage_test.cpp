// A run whose best checkpoint is damaged: every command that takes the run uses the one before it, and says so.
#include "support.h"

#include <string>

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

class DamagedRun : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_digitrec("data synth --out data --train 300 --test 20", folder_.path()).exit_code, 0);
    // The last epoch is the best, so that each of three takes the place of the one before.
    const std::string train = "train --model mlp-128 --epochs 3 --select last --out run";
    ASSERT_EQ(run_digitrec(train, folder_.path()).exit_code, 0);
    ASSERT_EQ(run_digitrec("predict --checkpoint run --out run/submission.csv", folder_.path()).exit_code, 0);
    std::string bytes = read_text(folder_ / "run/best.safetensors");
    bytes[bytes.size() / 2] ^= 1;
    folder_.write("run/best.safetensors", bytes);
  }

  /// What the command printed, where it did its work and warned.
  std::string output_of(const std::string& command, const std::string& prefix = "") const {
    const ProgramResult result = run_digitrec(command, folder_.path(), prefix);
    EXPECT_EQ(result.exit_code, 0) << command << ": " << result.err;
    EXPECT_NE(result.err.find("run/best.safetensors: "), std::string::npos) << command << ": " << result.err;
    EXPECT_NE(result.err.find("run/best.previous.safetensors is used instead"), std::string::npos)
        << command << ": " << result.err;
    return result.out;
  }

  TempFolder folder_;
};

TEST_F(DamagedRun, IsEvaluatedByThePreviousCheckpoint) {
  const std::string of_run = output_of("eval --checkpoint run --json");
  const ProgramResult of_file = run_digitrec("eval --checkpoint run/best.previous.safetensors --json", folder_.path());
  EXPECT_EQ(of_run.substr(of_run.find("\"rows\"")), of_file.out.substr(of_file.out.find("\"rows\"")));
  output_of("eval --checkpoint run --held-out");
}

TEST_F(DamagedRun, PredictsAndSubmitsByThePreviousCheckpoint) {
  output_of("predict --checkpoint run --out again.csv");
  const ProgramResult of_file =
      run_digitrec("predict --checkpoint run/best.previous.safetensors --out file.csv", folder_.path());
  ASSERT_EQ(of_file.exit_code, 0) << of_file.err;
  EXPECT_EQ(read_text(folder_ / "again.csv"), read_text(folder_ / "file.csv"));
  output_of("submit run --dry-run");
}

TEST_F(DamagedRun, IsReportedByThePreviousCheckpoint) {
  // Without gnuplot the page is made all the same, but the command says that the figures are missing.
  const ProgramResult result = run_digitrec("report run", folder_.path());
  EXPECT_NE(result.err.find("run/best.previous.safetensors is used instead"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("run/report.html"), std::string::npos) << result.out;
}

TEST_F(DamagedRun, IsServedByThePreviousCheckpoint) {
  // Ended as soon as it listens.
  const ProgramResult result = run_digitrec("serve --checkpoint run --port 0", folder_.path(), "timeout -s TERM 5");
  EXPECT_NE(result.err.find("run/best.previous.safetensors is used instead"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("http://127.0.0.1:"), std::string::npos) << result.err;
}

TEST_F(DamagedRun, IsRefusedWhereTheFileWasNamedItself) {
  const ProgramResult result = run_digitrec("eval --checkpoint run/best.safetensors", folder_.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("run/best.safetensors: "), std::string::npos) << result.err;
}

}  // namespace
}  // namespace digitrec
