#pragma once

#include <thread>

namespace digitrec::serve {

/// Gives memory that is free again back to the system, as long as it lives: the C library keeps freed blocks, which
/// makes training faster (configure_runtime), and would keep those of the largest picture for ever.
class MemoryTrimmer {
 public:
  MemoryTrimmer();

 private:
  std::jthread thread_;
};

}  // namespace digitrec::serve
