#include "kernels/convolution.h"
#include "kernels/dispatch.h"
#include "support.h"

namespace digitrec::kernels {

namespace plain_tiles {
const Table& table();
}

namespace {

struct ConvolutionCase {
  int64_t images, in, out, height, width, padding;
};

// Odd sizes, fewer pixels than a register block, one channel, borders of both kinds, many patches; by either method.
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
  const torch::Tensor weight = random({64, 64, 3, 3}).to(torch::kBFloat16).to(torch::kFloat32);
  const torch::Tensor expected = torch::conv2d(x.to(torch::kFloat64), weight.to(torch::kFloat64), {}, 1, 1);
  const torch::Tensor z = convolve(table, x, weight, 1, torch::kBFloat16);
  EXPECT_EQ(z.scalar_type(), torch::kBFloat16);
  // A bfloat16 holds 8 bits: the one rounding at the end is all there is.
  EXPECT_LT(((z.to(torch::kFloat64) - expected).abs() / expected.abs().clamp_min(1)).max().item<double>(), 1.0 / 256);
}

// Spans that end after 32 pixels, after 16 and in between; several groups of images; borders of both kinds.
constexpr ConvolutionCase kTiledCases[] = {{3, 32, 64, 26, 26, 0}, {9, 64, 96, 8, 8, 0},  {2, 96, 32, 12, 12, 0},
                                           {2, 64, 64, 7, 7, 1},   {5, 32, 32, 7, 9, 0},  {17, 32, 32, 5, 12, 0},
                                           {3, 32, 96, 6, 5, 1},   {2, 128, 64, 10, 8, 0}};

TEST_P(Convolution, OfBfloat16EqualsPyTorchsInDoublePrecision) {
  const Table& table = *GetParam();
  at::manual_seed(3);
  for (const ConvolutionCase& c : kTiledCases) {
    SCOPED_TRACE(testing::Message() << c.in << " to " << c.out << " channels, " << c.height << " x " << c.width);
    const auto rounded = [](at::IntArrayRef sizes) { return random(sizes).to(torch::kBFloat16); };
    const torch::Tensor x = rounded({c.images, c.in, c.height, c.width});
    const torch::Tensor weight = rounded({c.out, c.in, 3, 3}).to(torch::kFloat32);
    const torch::Tensor dx = x.to(torch::kFloat64).requires_grad_();
    const torch::Tensor dw = weight.to(torch::kFloat64).requires_grad_();
    const torch::Tensor expected = torch::conv2d(dx, dw, {}, 1, c.padding);
    const torch::Tensor dz = rounded(expected.sizes());
    expected.backward(dz.to(torch::kFloat64));

    const torch::Tensor z = convolve(table, x, weight, c.padding, torch::kFloat32);
    EXPECT_LT((z - expected).abs().max().item<double>(), 1e-7 * static_cast<double>(9 * c.in));
    const auto [input_gradient, weight_gradient] = convolve_backward(table, dz, x, weight, c.padding, true);
    EXPECT_EQ(input_gradient.scalar_type(), torch::kBFloat16);
    const torch::Tensor input_error = (input_gradient.to(torch::kFloat64) - dx.grad()).abs();
    EXPECT_LT((input_error / dx.grad().abs().clamp_min(1)).max().item<double>(), 1.0 / 256);
    const auto pixels = static_cast<double>(dz.numel() / c.out);
    EXPECT_LT((weight_gradient - dw.grad()).abs().max().item<double>(), 3e-7 * pixels);
  }
}

/// Every instruction set of this processor, and the tiles of one that it may not have, by plain loops.
std::vector<const Table*> tested_tables() {
  std::vector<const Table*> tables = supported_tables();
  tables.push_back(&plain_tiles::table());
  return tables;
}

TEST(TiledConvolution, TakesBfloat16WhoseChannelsFillTiles) {
  const Table& table = plain_tiles::table();
  const auto uses = [&](int64_t in, int64_t out, int64_t height, int64_t padding, at::ScalarType type) {
    return uses_tiles(table, torch::empty({1, in, height, 8}, type), out, padding);
  };
  EXPECT_TRUE(uses(32, 64, 8, 0, torch::kBFloat16));
  EXPECT_FALSE(uses(32, 64, 8, 0, torch::kFloat32));
  EXPECT_FALSE(uses(1, 64, 8, 0, torch::kBFloat16));
  EXPECT_FALSE(uses(48, 64, 8, 0, torch::kBFloat16));
  EXPECT_FALSE(uses(64, 48, 8, 0, torch::kBFloat16));
  EXPECT_FALSE(uses(32, 64, 5, 0, torch::kBFloat16)) << "22 pixels from the first output to the last";
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Convolution, testing::ValuesIn(tested_tables()),
                         [](const auto& instance) { return instance.param->name; });

}  // namespace
}  // namespace digitrec::kernels
