#include "core/fair_share.h"

#include "core/processor_time.h"
#include "core/processors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace digitrec {
namespace {

using Clock = std::chrono::steady_clock;

/// Threads that never rest, while it exists.
class Busy {
 public:
  explicit Busy(size_t count) : numbers_(count) {
    std::atomic<size_t> started{0};
    for (size_t i = 0; i < count; ++i) {
      threads_.emplace_back([this, i, &started](const std::stop_token& stop) {
        numbers_[i] = thread_number();
        ++started;
        while (!stop.stop_requested()) {
        }
      });
    }
    while (started < count) std::this_thread::yield();
  }

  const std::vector<int64_t>& numbers() const { return numbers_; }

 private:
  std::vector<int64_t> numbers_;
  std::vector<std::jthread> threads_;
};

bool comes_true(const std::function<bool()>& condition, std::chrono::seconds within) {
  const Clock::time_point end = Clock::now() + within;
  while (!condition() && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return condition();
}

class FairShareTest : public testing::Test {
 protected:
  void SetUp() override {
    processors_ = allowed_processors(thread_number());
    if (processors_.size() < 2 || !processor_time({thread_number()})) {
      GTEST_SKIP() << "one processor, or a system that does not tell who waits for it";
    }
  }

  std::vector<int> processors_;
};

TEST_F(FairShareTest, GathersThreadsThatWaitLong) {
  const Busy others(2 * processors_.size());
  const Busy team(processors_.size());
  const auto share = std::make_unique<FairShare>(team.numbers());
  EXPECT_FALSE(share->is_crowded());
  EXPECT_TRUE(comes_true([&] { return share->is_crowded(); }, std::chrono::seconds(10)));
  const auto is_gathered = [&] {
    return std::all_of(team.numbers().begin(), team.numbers().end(), [&](int64_t thread) {
      const size_t count = allowed_processors(thread).size();
      return count == processors_.size() / 2 || count == processors_.size() - processors_.size() / 2;
    });
  };
  EXPECT_TRUE(comes_true(is_gathered, std::chrono::seconds(10)));
  for (const int64_t other : others.numbers()) EXPECT_EQ(allowed_processors(other), processors_);
}

TEST_F(FairShareTest, LetsThreadsGoWhenItEnds) {
  const Busy others(2 * processors_.size());
  const Busy team(processors_.size());
  {
    const FairShare share(team.numbers());
    EXPECT_TRUE(comes_true([&] { return allowed_processors(team.numbers().front()) != processors_; },
                           std::chrono::seconds(10)));
  }
  for (const int64_t thread : team.numbers()) EXPECT_EQ(allowed_processors(thread), processors_);
}

TEST_F(FairShareTest, LeavesAloneWhatWaitsForItself) {
  const Busy others(2 * processors_.size());
  for (const size_t threads : {size_t{1}, processors_.size() + 1}) {
    const Busy team(threads);
    const FairShare share(team.numbers());
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_FALSE(share.is_crowded()) << threads;
    EXPECT_EQ(allowed_processors(team.numbers().front()), processors_) << threads;
  }
}

TEST(ProcessorTime, CountsWhatThreadsRan) {
  const Busy busy(1);
  const auto before = processor_time(busy.numbers());
  if (!before) GTEST_SKIP() << "this system does not tell";
  EXPECT_TRUE(
      comes_true([&] { return processor_time(busy.numbers())->ran > before->ran + 0.05; }, std::chrono::seconds(20)));
  EXPECT_FALSE(processor_time({1}));  // of another process
}

}  // namespace
}  // namespace digitrec
