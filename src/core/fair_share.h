#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace digitrec {

/// Keeps the threads of a computation from crawling where other programs want the same processors.
///
/// Parallel work is as fast as its slowest thread: while another program has the processor of one, the others wait, and
/// where they spin as they wait they may even hold the processor that it needs. Ten times a second this looks how long
/// the threads waited for a processor. While they do, they spin for microseconds only (ShortSpins); and where they wait
/// long, they go together to one half of the processors, where none waits for another program, so that about half of
/// the quiet speed is left. Every two seconds they spread out again to see whether they are alone by now. No result
/// changes: every thread does the work that it had.
class FairShare {
 public:
  /// `threads`: those that compute together, by the kernel's numbers (thread_number).
  explicit FairShare(std::vector<int64_t> threads);
  ~FairShare();
  FairShare(const FairShare&) = delete;
  FairShare& operator=(const FairShare&) = delete;

  /// Whether other programs want the processors now.
  bool is_crowded() const;

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace digitrec
