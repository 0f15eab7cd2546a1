#include "kernels/linear.h"

#include "support.h"

namespace digitrec::kernels {
namespace {

struct LinearCase {
  int64_t rows, in, out;
};

constexpr LinearCase kLinearCases[] = {{64, 784, 256}, {64, 256, 128}, {64, 128, 10}, {1, 784, 128},
                                       {33, 1000, 77}, {3, 5, 1},      {130, 48, 300}};

struct Results {
  torch::Tensor y, dx, dweight, dbias;
};

/// What train_linear gives for weights of its own, and gradients that are not all alike.
Results train(const torch::Tensor& x, const torch::Tensor& w, const torch::Tensor& b, const torch::Tensor& dy) {
  const torch::Tensor leaf = x.detach().requires_grad_();
  const torch::Tensor weight = w.detach().requires_grad_();
  const torch::Tensor bias = b.detach().requires_grad_();
  const torch::Tensor y = train_linear(leaf, weight, bias);
  y.backward(dy);
  return {y.detach(), leaf.grad(), weight.grad(), bias.grad()};
}

TEST(TrainLinear, EqualsLibTorchsWithItsGradients) {
  at::manual_seed(1);
  for (const LinearCase& c : kLinearCases) {
    SCOPED_TRACE(testing::Message() << c.rows << " x " << c.in << " to " << c.out);
    const torch::Tensor x = torch::randn({c.rows, c.in});
    const torch::Tensor w = torch::randn({c.out, c.in}) * 0.1;
    const torch::Tensor b = torch::randn({c.out});
    const torch::Tensor dy = torch::randn({c.rows, c.out});
    const Results ours = train(x, w, b, dy);
    const torch::Tensor x64 = x.to(torch::kFloat64);
    const torch::Tensor w64 = w.to(torch::kFloat64);
    const torch::Tensor dy64 = dy.to(torch::kFloat64);
    const auto is_close = [](const torch::Tensor& a, const torch::Tensor& expected) {
      return torch::allclose(a.to(torch::kFloat64), expected, 1e-4, 1e-4);
    };
    EXPECT_TRUE(is_close(ours.y, torch::linear(x64, w64, b.to(torch::kFloat64))));
    EXPECT_TRUE(is_close(ours.dx, dy64.mm(w64)));
    EXPECT_TRUE(is_close(ours.dweight, dy64.t().mm(x64)));
    EXPECT_TRUE(is_close(ours.dbias, dy64.sum(0)));
  }
}

TEST(TrainLinear, TakesAnyMemoryOrder) {
  const torch::Tensor x = torch::randn({784, 64}).t();
  const torch::Tensor dy = torch::randn({256, 64}).t();
  const torch::Tensor w = torch::randn({256, 784});
  const torch::Tensor b = torch::randn({256});
  const Results strided = train(x, w, b, dy);
  const Results dense = train(x.contiguous(), w, b, dy.contiguous());
  EXPECT_TRUE(torch::allclose(strided.y, dense.y, 1e-4, 1e-4));
  EXPECT_TRUE(torch::allclose(strided.dx, dense.dx, 1e-4, 1e-4));
  EXPECT_TRUE(torch::allclose(strided.dweight, dense.dweight, 1e-4, 1e-4));
}

TEST(TrainLinear, GivesTheSameBitsEachTime) {
  const torch::Tensor x = torch::randn({64, 784});
  const torch::Tensor w = torch::randn({256, 784});
  const torch::Tensor b = torch::randn({256});
  const torch::Tensor dy = torch::randn({64, 256});
  const Results first = train(x, w, b, dy);
  for (int i = 0; i < 20; ++i) {
    const Results again = train(x, w, b, dy);
    EXPECT_TRUE(torch::equal(again.y, first.y));
    EXPECT_TRUE(torch::equal(again.dx, first.dx));
    EXPECT_TRUE(torch::equal(again.dweight, first.dweight));
    EXPECT_TRUE(torch::equal(again.dbias, first.dbias));
  }
}

TEST(TrainLinear, GivesImagesNoGradient) {
  const torch::Tensor weight = torch::randn({20, 30}).requires_grad_();
  const torch::Tensor bias = torch::zeros({20}).requires_grad_();
  const torch::Tensor x = torch::randn({8, 30});
  train_linear(x, weight, bias).sum().backward();
  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(torch::allclose(weight.grad(), torch::ones({20, 8}).mm(x), 1e-4, 1e-5));
}

}  // namespace
}  // namespace digitrec::kernels
