#include "serve/memory.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <mutex>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace digitrec::serve {
namespace {

/// Memory above the least that was ever taken; with less the next request is served sooner.
constexpr int64_t kMinBytes = 32 << 20;
constexpr auto kInterval = std::chrono::milliseconds(500);

/// Bytes of memory that the program takes; 0 where the system does not say.
int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t all = 0;
  int64_t resident = 0;
  statm >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

void give_back() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace

MemoryTrimmer::MemoryTrimmer()
    : thread_([](const std::stop_token& stop) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any wakes;
        int64_t least = resident_bytes();
        while (!wakes.wait_for(lock, stop, kInterval, [] { return false; }) && !stop.stop_requested()) {
          if (resident_bytes() >= least + kMinBytes) give_back();
          least = std::min(least, resident_bytes());
        }
      }) {}

}  // namespace digitrec::serve
