// Trainings that are interrupted or killed, and resumed.
#include "cli/trained_run.h"

#include <nlohmann/json.hpp>

#include <sstream>

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

class Interrupted : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_digitrec("data synth --out data --train 200 --test 20", folder_.path()).exit_code, 0);
  }

  /// The epochs in a run's log, one digit each; `of` is what follows them, such as "/5 ".
  std::string logged_epochs(const std::string& run, const std::string& of) const {
    std::istringstream log(read_text(folder_ / run / "train.log"));
    std::string epochs;
    for (std::string line; std::getline(log, line);) {
      if (const size_t at = line.find(of); at != std::string::npos) epochs += line.substr(at - 1, 1);
    }
    return epochs;
  }

  TempFolder folder_;
};

TEST_F(Interrupted, SavesAndExitsWith130) {
  // The signal is sent once the first epoch is in the log.
  const std::string signaller =
      "(while ! grep -qs epoch stopped/train.log; do sleep 0.1; done; kill -INT $(cat pid)) & ";
  const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
  const ProgramResult result =
      run_digitrec("train --model mlp --epochs 1000000 --out stopped", folder_.path(), signaller + with_pid);
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_NE(result.out.find("interrupted in epoch"), std::string::npos) << result.out;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "stopped/last.safetensors"));
  EXPECT_EQ(nlohmann::json::parse(read_text(folder_ / "stopped/summary.json"))["stopped"], "interrupted");
}

TEST_F(Interrupted, SavesAtEverySignalThatEndsAProgram) {
  for (const auto& [signal, exit_code] : {std::pair{"TERM", 143}, {"HUP", 129}}) {
    const std::string run = std::string("by-") + signal;
    const std::string signaller =
        "(while ! grep -qs 1/1000000 " + run + "/train.log; do sleep 0.05; done; kill -" + signal + " $(cat pid)) & ";
    const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
    const ProgramResult result =
        run_digitrec("train --model mlp --epochs 1000000 --out " + run, folder_.path(), signaller + with_pid);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_NE(result.out.find("resume it with digitrec train --resume " + run), std::string::npos) << result.out;
  }
}

TEST_F(Interrupted, ResumesAfterBeingKilled) {
  const std::string flags = "train --model mlp --epochs 5 --rotate 5 --average ema --checkpoint-every 1 --out ";
  ASSERT_EQ(run_digitrec(flags + "whole", folder_.path()).exit_code, 0);
  const std::string killer = "(while ! grep -qs 2/5 killed/train.log; do sleep 0.01; done; kill -KILL $(cat pid)) & ";
  const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
  run_digitrec(flags + "killed", folder_.path(), killer + with_pid);
  const ProgramResult wrong = run_digitrec("train --resume killed --lr 1", folder_.path());
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(wrong.err, "digitrec: --lr: --resume takes the run's own settings; leave it out\n");
  const ProgramResult resumed = run_digitrec("train --resume killed", folder_.path());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  for (const std::string file : {"/best.safetensors", "/last.safetensors"}) {
    EXPECT_TRUE(read_text(folder_ / ("whole" + file)) == read_text(folder_ / ("killed" + file))) << file;
  }
  EXPECT_EQ(logged_epochs("killed", "/5 "), "12345");
  EXPECT_EQ(run_digitrec("train --resume killed", folder_.path()).exit_code, 0);  // again, with nothing left to do
}

TEST_F(Interrupted, ResumesTheNetworkThatWasKilled) {
  const std::string killer =
      "(until [ $(grep -s '2/4 ' killed/train.log | wc -l) = 2 ]; do sleep 0.01; done; kill -KILL $(cat pid)) & ";
  const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
  run_digitrec("train --model mlp --epochs 4 --folds 2 --out killed", folder_.path(), killer + with_pid);
  folder_.write("killed/member-01/best.safetensors", "torn");
  const ProgramResult resumed = run_digitrec("train --resume killed", folder_.path());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(logged_epochs("killed", "/4 "), "12341234");
}

}  // namespace
}  // namespace digitrec
