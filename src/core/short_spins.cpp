#include "core/short_spins.h"

#include "core/quiet_thread.h"
#include "core/reserve_threads.h"

#include <ATen/Parallel.h>

#include <omp.h>

#include <algorithm>
#include <atomic>

namespace digitrec {

ShortSpins::ShortSpins() {
  const int threads = std::max(2, omp_get_num_procs() - at::get_num_threads() + 2);
  reserve_threads(threads);
  team_ = start_quiet_thread([threads](const std::stop_token& stop) {
    omp_set_dynamic(0);
    std::atomic<int> team{0};  // without work, the compiler would leave the region out
#pragma omp parallel num_threads(threads)
    ++team;
    sleep_until_stopped(stop, std::chrono::years(1));  // libgomp ends the team with this thread
  });
}

}  // namespace digitrec
