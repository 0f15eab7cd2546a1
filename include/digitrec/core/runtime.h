#pragma once

#include <cstdint>

namespace digitrec {

/// Process-wide set-up of LibTorch and the C library; call once, before the first tensor. A program that embeds the
/// library calls it only if it wants these settings for its whole process.
struct RuntimeOptions {
  int64_t threads = 0;  ///< CPU threads of one operator; 0: LibTorch's choice, one per physical core
};

/// Throws std::system_error when there is no memory for the threads.
void configure_runtime(const RuntimeOptions& options);

}  // namespace digitrec
