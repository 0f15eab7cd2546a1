#include "cli/runtime.h"

#include "cli/console.h"
#include "digitrec/core/runtime.h"

#include <spdlog/fmt/fmt.h>

namespace digitrec::cli {
namespace {

void warn_of_fewer(const Threads& threads) {
  if (threads.used >= threads.asked) return;
  warn(fmt::format("threads {}, not {}: OpenMP gives no more; look at OMP_THREAD_LIMIT and OMP_MAX_ACTIVE_LEVELS",
                   threads.used, threads.asked));
}

}  // namespace

void set_up_runtime(int64_t threads) { warn_of_fewer(configure_runtime({.threads = threads})); }

int64_t change_threads(int64_t threads) {
  const Threads changed = use_threads(threads);
  warn_of_fewer(changed);
  return changed.used;
}

}  // namespace digitrec::cli
