#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace digitrec {

/// Time of some threads, in seconds.
struct ProcessorTime {
  double ran = 0;     ///< on a processor
  double waited = 0;  ///< ready to run, while others had the processors
};

/// Of those of these threads of this process, by the kernel's numbers, that live. Nothing where none does, or the
/// kernel does not tell (Linux does, in /proc/self/task/*/schedstat).
std::optional<ProcessorTime> processor_time(const std::vector<int64_t>& threads);

}  // namespace digitrec
