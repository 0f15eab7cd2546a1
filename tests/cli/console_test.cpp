#include "cli/console.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace digitrec::cli {
namespace {

/// What the training loop does after a signal: a step that never ends, or one after which it asks.
[[noreturn]] void raise_and_wait(int signal, bool asks) {
  catch_interrupts("what was saved is kept", /*seconds=*/1);
  std::raise(signal);
  if (asks && interrupted() != signal) std::exit(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(asks ? 1500 : 20'000));
  std::exit(0);
}

TEST(CatchInterrupts, EndsTheProgramWhereNothingHearsTheSignal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(raise_and_wait(SIGINT, false), testing::ExitedWithCode(130), "^what was saved is kept\n$");
  EXPECT_EXIT(raise_and_wait(SIGTERM, false), testing::ExitedWithCode(143), "^what was saved is kept\n$");
}

TEST(CatchInterrupts, LetsTheProgramTakeItsTimeOnceItHasHeard) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(raise_and_wait(SIGINT, true), testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace digitrec::cli
