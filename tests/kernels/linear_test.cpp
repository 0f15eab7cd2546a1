#include "kernels/linear.h"

#include "kernels/dispatch.h"
#include "kernels/fused_layers.h"
#include "support.h"

#include <ATen/Parallel.h>

#include <limits>

namespace digitrec::kernels {
namespace {

struct LinearCase {
  int64_t rows, in, out;
};

// Whole register blocks, remainders of each kind, single rows, columns and outputs, more rows than one part.
constexpr LinearCase kLinearCases[] = {{64, 784, 256}, {64, 256, 128}, {64, 128, 10}, {1, 784, 128}, {33, 1000, 77},
                                       {3, 5, 1},      {130, 48, 300}, {2, 1, 3},     {65, 17, 13}};

struct LinearValues {
  torch::Tensor x, weight, bias, dz;
};

LinearValues random_values(const LinearCase& c) {
  return {torch::randn({c.rows, c.in}), torch::randn({c.out, c.in}) * 0.1, torch::randn({c.out}),
          torch::randn({c.rows, c.out})};
}

class Linear : public testing::TestWithParam<const Table*> {};

TEST_P(Linear, EqualsPyTorchsInDoublePrecision) {
  const Table& table = *GetParam();
  at::manual_seed(1);
  for (const LinearCase& c : kLinearCases) {
    SCOPED_TRACE(testing::Message() << c.rows << " x " << c.in << " to " << c.out);
    const auto [x, weight, bias, dz] = random_values(c);
    const torch::Tensor x64 = x.to(torch::kFloat64);
    const torch::Tensor w64 = weight.to(torch::kFloat64);
    const torch::Tensor dz64 = dz.to(torch::kFloat64);
    const auto expect_close = [](const torch::Tensor& ours, const torch::Tensor& expected) {
      ASSERT_EQ(ours.sizes(), expected.sizes());
      EXPECT_TRUE(torch::allclose(ours.to(torch::kFloat64), expected, 1e-5, 2e-5));
    };
    const torch::Tensor y = torch::linear(x64, w64, bias.to(torch::kFloat64));
    expect_close(linear(table, x, weight, bias, /*relu=*/false), y);
    expect_close(linear(table, x, weight, bias, /*relu=*/true), y.relu());
    const LinearGradients gradients = linear_backward(table, dz, x, weight, /*needs_input=*/true);
    expect_close(gradients.dx, dz64.mm(w64));
    expect_close(gradients.dweight, dz64.t().mm(x64));
    expect_close(gradients.dbias, dz64.sum(0));
  }
}

TEST_P(Linear, GivesTheSameBitsWhateverTheThreadsAndTheOtherRows) {
  const Table& table = *GetParam();
  at::manual_seed(1);
  const auto [x, weight, bias, dz] = random_values({64, 784, 250});
  const torch::Tensor y = linear(table, x, weight, bias, true);
  const LinearGradients gradients = linear_backward(table, dz, x, weight, true);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_TRUE(torch::equal(linear(table, x, weight, bias, true), y));
  for (const int64_t row : {0, 31, 63}) {
    EXPECT_TRUE(torch::equal(linear(table, x.slice(0, row, row + 1), weight, bias, true)[0], y[row]));
  }
  const LinearGradients again = linear_backward(table, dz, x, weight, true);
  EXPECT_TRUE(torch::equal(again.dx, gradients.dx));
  EXPECT_TRUE(torch::equal(again.dweight, gradients.dweight));
  EXPECT_TRUE(torch::equal(again.dbias, gradients.dbias));
  at::set_num_threads(threads);
}

TEST_P(Linear, KeepsNaN) {
  torch::Tensor x = torch::ones({5, 20});
  x[3][7] = std::numeric_limits<float>::quiet_NaN();
  const torch::Tensor y = linear(*GetParam(), x, torch::ones({4, 20}), torch::zeros({4}), /*relu=*/true);
  EXPECT_TRUE(y[3].isnan().all().item<bool>());
  EXPECT_EQ(y.isnan().sum().item<int64_t>(), 4);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Linear, testing::ValuesIn(supported_tables()),
                         [](const auto& instance) { return instance.param->name; });

TEST(TrainLinear, EqualsLibTorchsWithReluInAnyMemoryOrder) {
  at::manual_seed(1);
  const torch::Tensor x = torch::randn({784, 64}).t();
  const torch::Tensor w = torch::randn({100, 784}) * 0.05;
  const torch::Tensor dy = torch::randn({100, 64}).t();
  const auto train = [&](const auto& layer) {
    std::vector<torch::Tensor> leaves{x.detach().requires_grad_(), w.detach().requires_grad_(),
                                      torch::full({100}, 0.1).requires_grad_()};
    const torch::Tensor y = layer(leaves[0], leaves[1], leaves[2]);
    y.backward(dy);
    return std::vector<torch::Tensor>{y.detach(), leaves[0].grad(), leaves[1].grad(), leaves[2].grad()};
  };
  for (const bool relu : {false, true}) {
    const auto ours = train([&](const auto&... tensors) { return train_linear(tensors..., relu); });
    const auto theirs = train([&](const auto&... tensors) {
      const torch::Tensor y = torch::linear(tensors...);
      return relu ? y.relu() : y;
    });
    for (size_t i = 0; i < ours.size(); ++i) EXPECT_TRUE(torch::allclose(ours[i], theirs[i], 1e-4, 1e-4)) << i;
  }
}

TEST(TrainLinear, GivesImagesNoGradient) {
  const torch::Tensor weight = torch::randn({20, 30}).requires_grad_();
  const torch::Tensor bias = torch::zeros({20}).requires_grad_();
  const torch::Tensor x = torch::randn({8, 30});
  train_linear(x, weight, bias, /*relu=*/false).sum().backward();
  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(torch::allclose(weight.grad(), torch::ones({20, 8}).mm(x), 1e-4, 1e-5));
}

}  // namespace
}  // namespace digitrec::kernels
