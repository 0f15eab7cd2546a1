// The program with other threads and processors than it would like: fewer, more, shared.
#include "support.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
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

/// What a training leaves, and how long it trained.
struct Trained {
  std::string weights;
  double seconds;
};

/// `prefix`: what starts the program, e.g. taskset. A training that does not end is killed.
Trained train_cnn(const TempFolder& folder, const std::string& threads, const std::string& prefix = "") {
  static int runs = 0;
  const std::string run = "cnn-" + std::to_string(++runs);
  const ProgramResult result =
      run_digitrec("train --model cnn --epochs 40 --val-fraction 0 --out " + run + " --threads " + threads,
                   folder.path(), "timeout -s KILL 240 " + prefix);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return {read_text(folder / run / "best.safetensors"),
          nlohmann::json::parse(read_text(folder / run / "summary.json"))["training_seconds"]};
}

TEST_F(Threads, ManyMoreThanProcessorsEndWithTheSameWeightsEachTime) {
  const Trained first = train_cnn(folder_, "64");
  const Trained second = train_cnn(folder_, "64");
  EXPECT_EQ(first.weights, second.weights);
  // Measured: 3 times. Threads that spin for each other take hundreds.
  EXPECT_LT(std::min(first.seconds, second.seconds), 15 * train_cnn(folder_, "2").seconds);
}

TEST_F(Threads, OnOneOfTheProcessorsTwoGiveTheSameWeightsAsOnBoth) {
  if (std::system("taskset -c 0 true 2>/dev/null") != 0) GTEST_SKIP() << "no taskset that may use processor 0";
  const Trained both = train_cnn(folder_, "2");
  const Trained one = train_cnn(folder_, "2", "taskset -c 0 ");
  EXPECT_EQ(one.weights, both.weights);
  EXPECT_LT(one.seconds, 5 * both.seconds);  // measured: 2 times
}

/// A control group that may use half a processor, as containers have them, while it exists.
class HalfAProcessor {
 public:
  HalfAProcessor() {
    if (std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers")) {
      folder_ = "/sys/fs/cgroup/digitrec-test";
      make("cpu.max", "50000 100000");
    } else {
      folder_ = "/sys/fs/cgroup/cpu/digitrec-test";
      make("cpu.cfs_quota_us", "50000");
    }
  }
  HalfAProcessor(const HalfAProcessor&) = delete;
  HalfAProcessor& operator=(const HalfAProcessor&) = delete;
  ~HalfAProcessor() {
    std::error_code error;
    std::filesystem::remove(folder_, error);
  }

  bool exists() const { return exists_; }
  /// Starts what follows in the group.
  std::string prefix() const { return "sh -c 'echo $$ > " + folder_ + "/cgroup.procs && exec \"$@\"' sh "; }

 private:
  void make(const std::string& file, const std::string& quota) {
    std::error_code error;
    std::filesystem::create_directory(folder_, error);
    std::ofstream out(folder_ + "/" + file);
    exists_ = !error && (out << quota << std::flush).good();
  }

  std::string folder_;
  bool exists_ = false;
};

TEST_F(Threads, WithHalfAProcessorTwoGiveTheSameWeightsAsWithBoth) {
  const HalfAProcessor half;
  if (!half.exists()) GTEST_SKIP() << "no control group for processors can be made here (it takes root, and cgroups)";
  const Trained both = train_cnn(folder_, "2");
  const Trained limited = train_cnn(folder_, "2", half.prefix());
  EXPECT_EQ(limited.weights, both.weights);
  EXPECT_LT(limited.seconds, 12 * both.seconds);  // measured: 4 times
}

}  // namespace
}  // namespace digitrec
