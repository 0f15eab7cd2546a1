#pragma once

#include "support.h"

#include <algorithm>
#include <string>

namespace digitrec::test {

/// A folder with data/ and, trained on it, run/.
class WithTrainedRun : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_digitrec("data synth --out data --train 200 --test 20", folder_.path()).exit_code, 0);
    ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder_.path()).exit_code, 0);
  }

  TempFolder folder_;
};

inline int64_t count_lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace digitrec::test
