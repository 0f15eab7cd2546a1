#include "core/precision.h"

#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

TEST(Precision, AutomaticTakesBf16OnlyWhereTheProcessorHasIt) {
  const PrecisionDecision decision = choose_precision(PrecisionChoice::automatic, torch::kCPU);
  EXPECT_EQ(decision.precision, cpu_multiplies_bf16() ? Precision::bf16 : Precision::fp32);
  EXPECT_EQ(decision.reason, cpu_multiplies_bf16() ? "bf16: cpu multiplies bfloat16 itself"
                                                   : "fp32: cpu has no instructions for bfloat16");
}

TEST(Precision, IsWhatWasAskedFor) {
  EXPECT_EQ(choose_precision(parse_precision("bf16"), torch::kCPU).precision, Precision::bf16);
  EXPECT_EQ(choose_precision(parse_precision("fp32"), torch::kCPU).precision, Precision::fp32);
  EXPECT_EQ(parse_precision("auto"), PrecisionChoice::automatic);
  EXPECT_ERROR(parse_precision("bf15"), UsageError, "unknown precision 'bf15'; did you mean 'bf16'?");
}

}  // namespace
}  // namespace digitrec
