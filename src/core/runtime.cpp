#include "digitrec/core/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <omp.h>

#include <atomic>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace digitrec {
namespace {

/// OpenMP ends the process when it cannot start a thread; std::jthread, tried first, throws instead, and its stacks are
/// then free for OpenMP to use.
void reserve_threads() {
  std::vector<std::jthread> probes;
  for (int i = 1; i < at::get_num_threads(); ++i) {
    probes.emplace_back([](const std::stop_token& end) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any().wait(lock, end, [] { return false; });
    });
  }
}

/// Opens a parallel region, and counts: what OpenMP was asked for says nothing about what it gives.
int64_t count_team() {
  std::atomic<int64_t> team{0};
#pragma omp parallel
  ++team;
  return team;
}

}  // namespace

Threads use_threads(int64_t threads) {
  omp_set_dynamic(0);  // OMP_DYNAMIC: else each region might get another number, and with it other sums
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  Threads result{at::get_num_threads(), 0};
  reserve_threads();
  result.used = count_team();
  if (result.used < result.asked) at::set_num_threads(static_cast<int>(result.used));
  return result;
}

Threads configure_runtime(const RuntimeOptions& options) {
#if defined(__GLIBC__)
  // By default glibc maps every large block and unmaps it when freed, so each training step page-faults its activations
  // in again. Keeping freed blocks makes a step of cnn about 1.5 times as fast.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  // One arena: blocks freed by the autograd thread serve the main thread, which halves the peak.
  mallopt(M_ARENA_MAX, 1);
#endif
  const Threads threads = use_threads(options.threads);  // early: OpenMP starts them while memory is free
  // The same seed on the same device gives the same weights: cuDNN must not pick algorithms by timing them.
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  return threads;
}

}  // namespace digitrec
