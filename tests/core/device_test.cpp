#include "digitrec/core/device.h"

#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

TEST(ChooseDevice, AutoTakesTheFirstOfTheAvailable) {
  EXPECT_EQ(choose_device("auto").device, available_devices().front().device);
  EXPECT_TRUE(available_devices().back().device.is_cpu());
  EXPECT_TRUE(choose_device("cpu").device.is_cpu());
}

TEST(ChooseDevice, ListsWhatThereIsWhenOneIsMissing) {
  if (available_devices().size() > 1) GTEST_SKIP() << "this machine has an accelerator";
  EXPECT_ERROR(choose_device("cuda"), Error, "device 'cuda' is not on this machine; available: cpu");
  EXPECT_ERROR(choose_device("cuda:7"), Error, "device 'cuda:7' is not on this machine; available: cpu");
}

TEST(ChooseDevice, SuggestsTheNearestName) {
  EXPECT_ERROR(choose_device("cdua"), UsageError, "unknown device 'cdua'; did you mean 'cuda'?");
  EXPECT_ERROR(choose_device("tpu0"), UsageError, "unknown device 'tpu0'; expected one of auto, cpu, cuda, mps");
  EXPECT_ERROR(choose_device("cud"), UsageError, "unknown device 'cud'; did you mean 'cuda'?");
  EXPECT_ERROR(choose_device("cuda:x"), UsageError, "unknown device 'cuda:x'; did you mean 'cuda'?");
}

}  // namespace
}  // namespace digitrec
