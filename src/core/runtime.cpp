#include "digitrec/core/runtime.h"

#include "core/fair_share.h"
#include "core/processors.h"
#include "core/reserve_threads.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <omp.h>

#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace digitrec {
namespace {

/// Opens a parallel region, and counts: what OpenMP was asked for says nothing about what it gives.
std::vector<int64_t> threads_of_team() {
  std::vector<int64_t> team;
  std::mutex mutex;  // not OpenMP's critical, which ThreadSanitizer does not know
#pragma omp parallel
  {
    const std::lock_guard lock(mutex);
    team.push_back(thread_number());
  }
  return team;
}

/// Watches the team that computes; null before there is one.
std::unique_ptr<FairShare>& fair_share() {
  static std::unique_ptr<FairShare> share;
  return share;
}

}  // namespace

Threads use_threads(int64_t threads) {
  omp_set_dynamic(0);  // OMP_DYNAMIC: else each region might get another number, and with it other sums
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  Threads result{at::get_num_threads(), 0};
  reserve_threads(result.asked - 1);
  std::vector<int64_t> team = threads_of_team();
  result.used = static_cast<int64_t>(team.size());
  if (result.used < result.asked) at::set_num_threads(static_cast<int>(result.used));
  fair_share().reset();  // before its threads are watched by another
  fair_share() = std::make_unique<FairShare>(std::move(team));
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

bool is_crowded() { return fair_share() != nullptr && fair_share()->is_crowded(); }

}  // namespace digitrec
