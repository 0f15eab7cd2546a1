#pragma once

#include "core/descriptor.h"

#include <atomic>

namespace digitrec::test {

/// Lets file calls fail, all kinds counted together, as long as it lives. Closing always works, so that nothing is left
/// open; it counts all the same.
class FailingFiles {
 public:
  enum class How { once, from_then_on };

  /// Call number `nth`, from 1, fails with `error`; 0: none does, they are only counted.
  explicit FailingFiles(int nth = 0, How how = How::once, int error = 5 /* EIO */);
  ~FailingFiles();
  FailingFiles(const FailingFiles&) = delete;
  FailingFiles& operator=(const FailingFiles&) = delete;

  int calls() const { return calls_; }

 private:
  bool fails();

  FileCalls real_;
  int nth_;
  How how_;
  int error_;
  std::atomic<int> calls_ = 0;
};

}  // namespace digitrec::test
