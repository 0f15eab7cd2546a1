#include "core/processors.h"

#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace digitrec {

namespace fs = std::filesystem;

#if defined(__linux__)

int64_t thread_number() { return gettid(); }

std::vector<int64_t> thread_numbers() {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (auto task = fs::directory_iterator("/proc/self/task", error); !error && task != fs::directory_iterator();
       task.increment(error)) {
    numbers.push_back(std::atoll(task->path().filename().c_str()));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<int> allowed_processors(int64_t thread) {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> processors;
  if (sched_getaffinity(static_cast<pid_t>(thread), sizeof(set), &set) != 0)
    return processors;  // more than CPU_SETSIZE of them
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(processor, &set)) processors.push_back(processor);
  }
  return processors;
}

void allow_processors(int64_t thread, const std::vector<int>& processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int processor : processors) CPU_SET(processor, &set);
  sched_setaffinity(static_cast<pid_t>(thread), sizeof(set), &set);
}

#else

int64_t thread_number() { return 0; }
std::vector<int64_t> thread_numbers() { return {}; }
std::vector<int> allowed_processors(int64_t /*thread*/) { return {}; }
void allow_processors(int64_t /*thread*/, const std::vector<int>& /*processors*/) {}

#endif

}  // namespace digitrec
