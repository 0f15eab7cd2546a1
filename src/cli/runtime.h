#pragma once

#include <cstdint>

namespace digitrec::cli {

/// Sets up LibTorch with this many threads, 0: one per physical core; warns when OpenMP gives fewer.
void set_up_runtime(int64_t threads);

/// Changes the number of threads later. Returns the number that is used; warns likewise.
int64_t change_threads(int64_t threads);

}  // namespace digitrec::cli
