#include "digitrec/core/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <condition_variable>
#include <limits>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace digitrec {
namespace {

/// Starts OpenMP's threads early, while memory is free. OpenMP ends the process when it cannot start one; std::jthread,
/// tried first, throws instead, and its stacks are then free for OpenMP to use.
void start_threads() {
  {
    std::vector<std::jthread> probes;
    for (int i = 1; i < at::get_num_threads(); ++i) {
      probes.emplace_back([](const std::stop_token& end) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any().wait(lock, end, [] { return false; });
      });
    }
  }
  at::parallel_for(0, at::get_num_threads(), 1, [](int64_t, int64_t) {});
}

}  // namespace

void configure_runtime(const RuntimeOptions& options) {
#if defined(__GLIBC__)
  // By default glibc maps every large block and unmaps it when freed, so each training step page-faults its activations
  // in again. Keeping freed blocks makes a step of cnn about 1.5 times as fast.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  // One arena: blocks freed by the autograd thread serve the main thread, which halves the peak.
  mallopt(M_ARENA_MAX, 1);
#endif
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  start_threads();
  // The same seed on the same device gives the same weights: cuDNN must not pick algorithms by timing them.
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
}

}  // namespace digitrec
