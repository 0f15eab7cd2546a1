#pragma once

#include <cstdint>

namespace digitrec {

/// Process-wide set-up of LibTorch and the C library; call once, before the first tensor. A program that embeds the
/// library calls it only if it wants these settings for its whole process.
struct RuntimeOptions {
  int64_t threads = 0;  ///< CPU threads of one operator; 0: LibTorch's choice, one per physical core
};

/// CPU threads of one operator.
struct Threads {
  int64_t asked = 0;  ///< by the caller, or for 0 by LibTorch
  int64_t used = 0;   ///< fewer where OpenMP gives no more, as OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS may tell it
};

/// Throws std::system_error when there is no memory for the threads.
Threads configure_runtime(const RuntimeOptions& options);

/// Lets one operator use this many threads, 0: as many as before, or as many as OpenMP gives when these are fewer.
/// LibTorch asked for more than OpenMP gives is no slower but wrong: oneDNN's bfloat16 products lack the shares of the
/// missing threads, or wait for them for ever. Call it in the thread that computes. Throws std::system_error.
/// From now on the threads keep a fair share where other programs want the processors too (docs/performance.md).
Threads use_threads(int64_t threads);

/// Whether other programs want the processors of the threads that compute now, which makes them slower. False where the
/// system does not tell.
bool is_crowded();

}  // namespace digitrec
