#include "core/quiet_thread.h"

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <utility>

namespace digitrec {

std::jthread start_quiet_thread(std::function<void(const std::stop_token&)> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::jthread thread;
  try {
    thread = std::jthread(std::move(body));
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

void sleep_until_stopped(const std::stop_token& stop, std::chrono::milliseconds at_most) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, at_most, [] { return false; });
}

}  // namespace digitrec
