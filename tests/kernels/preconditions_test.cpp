// A broken precondition stops the dev preset's programs at the function that was called wrongly.
#include "kernels/convolution.h"
#include "kernels/dispatch.h"
#include "kernels/epilogue.h"
#include "kernels/fused_layers.h"
#include "support.h"

namespace digitrec::kernels {
namespace {

class KernelPreconditionsDeathTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(NDEBUG)
    GTEST_SKIP() << "asserts are off";
#endif
    // LibTorch's threads are running: the child starts afresh.
    testing::FLAGS_gtest_death_test_style = "threadsafe";
  }

  static torch::Tensor images(at::IntArrayRef sizes) {
    return empty_channels_last(sizes, torch::TensorOptions(torch::kFloat32)).zero_();
  }
};

TEST_F(KernelPreconditionsDeathTest, NameTheShapeThatIsWrong) {
  const Table& table = best_table();
  const torch::Tensor weight = images({32, 64, 3, 3});
  EXPECT_DEATH(convolve(table, images({1, 32, 8, 8}), weight, 1, torch::kFloat32), "x.size.1. == weight.size.1.");
}

TEST_F(KernelPreconditionsDeathTest, NameTheChannelsThatAreNoMultiple) {
  const torch::Tensor z = images({1, 6, 4, 4});
  const EpilogueOptions options{
      .scale = {}, .shift = torch::zeros({6}), .dropout_mask = {}, .relu = true, .pool = false};
  EXPECT_DEATH(epilogue(best_table(), z, options, false), "z.size.1. % table.lanes == 0");
}

TEST_F(KernelPreconditionsDeathTest, NameTheMemoryOrder) {
  const torch::Tensor z = torch::zeros({2, 32, 4, 4});
  EXPECT_DEATH(moments(best_table(), z), "is_channels_last.z.");
}

TEST_F(KernelPreconditionsDeathTest, NameThePointerThatIsNotAligned) {
  const ConvShape shape{.height = 8, .width = 8, .in = 32, .out = 32, .padding = 1, .type = Type::f32};
  std::vector<float> weight(9 * 32 * 32);
  std::vector<float> packed(static_cast<size_t>(best_table().packed_size(shape)) + 32);
  auto* odd = reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(packed.data()) + 63) / 64 * 64 + 4);
  EXPECT_DEATH(best_table().pack_weights(shape, weight.data(), odd), "is_aligned.packed, kCacheLine.");
}

TEST_F(KernelPreconditionsDeathTest, NameEvaluationWithGradients) {
  const FusedConv conv{.weight = images({32, 32, 3, 3}), .bias = torch::zeros({32})};
  EXPECT_DEATH(eval_fused_conv(images({1, 32, 8, 8}), conv, torch::kFloat32), "GradMode::is_enabled");
}

}  // namespace
}  // namespace digitrec::kernels
