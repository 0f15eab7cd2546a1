// The program where OpenMP gives it fewer threads than it asks for.
#include "support.h"

#include <nlohmann/json.hpp>

#include <thread>
#include <vector>

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

class Threads : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_digitrec("data synth --out data --train 200 --test 20", folder_.path()).exit_code, 0);
    ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder_.path()).exit_code, 0);
  }

  TempFolder folder_;
};

TEST_F(Threads, FewerThreadsThanAskedForAreUsedAndSaid) {
  const std::string one = "env OMP_THREAD_LIMIT=1 ";
  const std::string levels = "env OMP_MAX_ACTIVE_LEVELS=0 ";
  const std::string said =
      "warning: threads 1, not 2: OpenMP gives no more; look at OMP_THREAD_LIMIT and "
      "OMP_MAX_ACTIVE_LEVELS\n";
  const std::string eval = "eval --checkpoint run --precision bf16 --threads 2 --data data/train.csv";
  const std::string expected = run_digitrec(eval, folder_.path()).out;
  for (const std::string& prefix : {one, levels, std::string("env OMP_DYNAMIC=true ")}) {
    const ProgramResult result = run_digitrec(eval, folder_.path(), prefix);
    EXPECT_EQ(result.out, expected) << prefix;
    EXPECT_EQ(result.err.find(said) != std::string::npos, prefix.find("DYNAMIC") == std::string::npos) << result.err;
  }
  // Training used to end with a loss that is not finite, or never.
  for (const std::string kernels : {"fused", "plain"}) {
    const ProgramResult result = run_digitrec(
        "train --model cnn --epochs 1 --precision bf16 --threads 2 --kernels " + kernels + " --out " + kernels,
        folder_.path(), "timeout -s KILL 120 " + one);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.err.find(said), std::string::npos) << result.err;
    EXPECT_NE(read_text(folder_ / kernels / "config.toml").find("\nthreads = 1\n"), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(read_text(folder_ / kernels / "summary.json"))["threads"], 1);
  }
}

/// Loops that never rest, one a processor, while it exists.
class Neighbours {
 public:
  Neighbours() {
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
      loops_.emplace_back([](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
        }
      });
    }
  }

 private:
  std::vector<std::jthread> loops_;
};

TEST_F(Threads, NeighboursAreSaidAndChangeNoResult) {
  const std::string train = "train --model mlp-128 --epochs 150 --val-fraction 0 --threads 2 --out ";
  ASSERT_EQ(run_digitrec(train + "alone", folder_.path()).exit_code, 0);
  const Neighbours neighbours;
  const ProgramResult result = run_digitrec(train + "crowded", folder_.path());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("warning: other programs want the processors too"), std::string::npos) << result.err;
  EXPECT_EQ(read_text(folder_ / "crowded/best.safetensors"), read_text(folder_ / "alone/best.safetensors"));
}

}  // namespace
}  // namespace digitrec
