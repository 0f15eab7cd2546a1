#pragma once

#include <thread>

namespace digitrec {

/// While one exists, OpenMP's threads wait for each other by spinning some microseconds only, then sleeping.
///
/// libgomp spins some milliseconds, so that the next parallel region begins at once. It has no call for less, but a
/// rule: where it manages more threads than there are processors, spins are short. A team of threads that sleep makes
/// it so. Does nothing where OpenMP is not libgomp. Throws std::system_error when there is no room for the threads.
class ShortSpins {
 public:
  ShortSpins();

 private:
  std::jthread team_;
};

}  // namespace digitrec
