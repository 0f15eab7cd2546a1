#include "core/processor_time.h"

#include <fstream>
#include <string>

namespace digitrec {

std::optional<ProcessorTime> processor_time(const std::vector<int64_t>& threads) {
  constexpr double kNanosecond = 1e-9;
  std::optional<ProcessorTime> time;
  for (const int64_t thread : threads) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/schedstat");  // "ran waited slices"
    uint64_t ran = 0;
    uint64_t waited = 0;
    if (!(file >> ran >> waited)) continue;
    if (!time) time.emplace();
    time->ran += kNanosecond * static_cast<double>(ran);
    time->waited += kNanosecond * static_cast<double>(waited);
  }
  return time;
}

}  // namespace digitrec
