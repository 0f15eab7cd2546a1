#include "kernels/convolution.h"
#include "support.h"

namespace digitrec::kernels {
namespace {

struct ConvolutionCase {
  int64_t images, in, out, height, width, padding;
};

// Odd sizes, fewer pixels than a tile, one channel, borders of both kinds, many tiles; by either method.
constexpr ConvolutionCase kConvolutionCases[] = {{3, 1, 32, 28, 28, 1}, {2, 1, 64, 9, 7, 0},   {3, 32, 64, 13, 13, 0},
                                                 {2, 64, 32, 7, 5, 1},  {1, 32, 32, 3, 3, 0},  {5, 32, 96, 4, 3, 1},
                                                 {2, 64, 128, 1, 1, 1}, {9, 96, 64, 14, 15, 1}};

class Convolution : public testing::TestWithParam<const Table*> {
 protected:
  static torch::Tensor random(at::IntArrayRef sizes) {
    return empty_channels_last(sizes, torch::TensorOptions(torch::kFloat32)).uniform_(-1, 1);
  }
};

TEST_P(Convolution, EqualsPyTorchsInDoublePrecision) {
  const Table& table = *GetParam();
  at::manual_seed(1);
  for (const ConvolutionCase& c : kConvolutionCases) {
    SCOPED_TRACE(testing::Message() << c.in << " to " << c.out << " channels, " << c.height << " x " << c.width);
    ASSERT_TRUE(can_convolve(table, c.in, c.out));
    const torch::Tensor x = random({c.images, c.in, c.height, c.width});
    const torch::Tensor weight = random({c.out, c.in, 3, 3});
    const torch::Tensor dx = x.to(torch::kFloat64).requires_grad_();
    const torch::Tensor dw = weight.to(torch::kFloat64).requires_grad_();
    const torch::Tensor expected = torch::conv2d(dx, dw, {}, 1, c.padding);

    const torch::Tensor z = convolve(table, x, weight, c.padding, torch::kFloat32);
    ASSERT_EQ(z.sizes(), expected.sizes());
    const double scale = static_cast<double>(9 * c.in);
    EXPECT_LT((z - expected).abs().max().item<double>(), 1e-7 * scale);

    const torch::Tensor dz = random(z.sizes());
    expected.backward(dz.to(torch::kFloat64));
    const auto [input_gradient, weight_gradient] = convolve_backward(table, dz, x, weight, c.padding, c.in > 1);
    if (c.in > 1) {
      EXPECT_LT((input_gradient - dx.grad()).abs().max().item<double>(), 1e-7 * static_cast<double>(9 * c.out));
    } else {
      EXPECT_FALSE(input_gradient.defined());
    }
    const auto pixels = static_cast<double>(dz.numel() / c.out);
    EXPECT_LT((weight_gradient - dw.grad()).abs().max().item<double>(), 3e-7 * pixels);
  }
}

TEST_P(Convolution, KeepsSumsInFloatForBfloat16) {
  const Table& table = *GetParam();
  at::manual_seed(2);
  const torch::Tensor x = random({2, 64, 8, 8}).to(torch::kBFloat16);
  const torch::Tensor weight = random({64, 64, 3, 3});
  const torch::Tensor expected = torch::conv2d(x.to(torch::kFloat64), weight.to(torch::kFloat64), {}, 1, 1);
  const torch::Tensor z = convolve(table, x, weight, 1, torch::kBFloat16);
  EXPECT_EQ(z.scalar_type(), torch::kBFloat16);
  // A bfloat16 holds 8 bits: the one rounding at the end is all there is.
  EXPECT_LT(((z.to(torch::kFloat64) - expected).abs() / expected.abs().clamp_min(1)).max().item<double>(), 1.0 / 256);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Convolution, testing::ValuesIn(supported_tables()),
                         [](const auto& instance) { return instance.param->name; });

}  // namespace
}  // namespace digitrec::kernels
