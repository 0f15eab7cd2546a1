#pragma once

#include <cstdint>

namespace digitrec {

/// Throws std::system_error where OpenMP, which ends the process then, could not start so many threads.
void reserve_threads(int64_t threads);

}  // namespace digitrec
