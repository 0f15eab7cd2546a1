#pragma once

#include <cstdint>
#include <vector>

namespace digitrec {

/// The kernel's number of the calling thread; 0 where there is none.
int64_t thread_number();

/// Those of all threads of this process, ascending; empty where that cannot be told.
std::vector<int64_t> thread_numbers();

/// The processors that a thread of this process may use, ascending; empty where that cannot be told.
std::vector<int> allowed_processors(int64_t thread);

/// Lets a thread of this process use these processors alone. Does nothing where that cannot be.
void allow_processors(int64_t thread, const std::vector<int>& processors);

}  // namespace digitrec
