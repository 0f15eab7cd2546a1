#include "digitrec/core/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <omp.h>
#include <pthread.h>

#include <atomic>
#include <limits>
#include <system_error>
#include <vector>

namespace digitrec {
namespace {

/// Throws std::system_error where OpenMP, which ends the process then, could not start its threads. It gets the stacks
/// of the threads that are tried here: glibc keeps them for the next ones, if they are large enough. LLVM's runtime
/// asks for a little more than the default.
void reserve_threads() {
  pthread_attr_t attributes;
  size_t stack = 0;
  pthread_attr_init(&attributes);
  pthread_attr_getstacksize(&attributes, &stack);
  pthread_attr_setstacksize(&attributes, stack + (size_t{64} << 10));
  const auto wait = [](void* is_over) -> void* {
    static_cast<std::atomic<bool>*>(is_over)->wait(false);
    return nullptr;
  };
  std::atomic<bool> is_over = false;
  std::vector<pthread_t> probes(static_cast<size_t>(at::get_num_threads() - 1));
  size_t started = 0;
  int error = 0;
  while (started < probes.size() && error == 0) {
    error = pthread_create(&probes[started], &attributes, wait, &is_over);
    if (error == 0) ++started;
  }
  is_over = true;
  is_over.notify_all();
  for (size_t i = 0; i < started; ++i) pthread_join(probes[i], nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) throw std::system_error(error, std::generic_category(), "thread");
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
