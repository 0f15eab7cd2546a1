#include "cli/console.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
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

/// What say() prints with stdout on a new terminal.
std::string said_on_terminal(std::string_view text) {
  int terminal = -1;
  int screen = -1;
  if (openpty(&screen, &terminal, nullptr, nullptr, nullptr) != 0) return "no terminal";
  std::cout.flush();
  const int before = dup(STDOUT_FILENO);
  dup2(terminal, STDOUT_FILENO);
  say(text);
  std::cout.flush();
  dup2(before, STDOUT_FILENO);
  std::array<char, 256> bytes{};
  const ssize_t count = read(screen, bytes.data(), bytes.size());
  for (const int file : {before, terminal, screen}) close(file);
  return {bytes.data(), static_cast<size_t>(std::max<ssize_t>(0, count))};
}

TEST(Say, LeavesATerminalNothingToObey) {
  const std::string turn{'\xE2', '\x80', '\xAE'};  // U+202E
  EXPECT_EQ(said_on_terminal("row 1\033[31m\nrow 2"), "row 1?[31m\r\nrow 2\r\n");
  EXPECT_EQ(said_on_terminal("a" + turn + "b\u200Bc \u2500 \u6807"), "a?b?c \u2500 \u6807\r\n");
}

TEST(Say, ChangesNothingForAProgramThatReads) {
  testing::internal::CaptureStdout();
  say("row 1\033[31m");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "row 1\033[31m\n");
}

TEST(FormatCount, HasTheNounsNumber) {
  EXPECT_EQ(format_count(1, "epoch", "epochs"), "1 epoch");
  EXPECT_EQ(format_count(1200, "batch", "batches"), "1,200 batches");
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
