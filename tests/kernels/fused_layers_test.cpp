#include "kernels/fused_layers.h"
#include "support.h"

#include <torch/csrc/autograd/autograd.h>

namespace digitrec::kernels {
namespace {

struct Gradients {
  torch::Tensor y, x, weight;
};

Gradients run_conv(Pool pool, bool with_norm, bool onednn, at::ScalarType type) {
  at::manual_seed(7);
  const auto parameter = [](torch::Tensor tensor) { return tensor.requires_grad_(); };
  const torch::Tensor x =
      parameter(empty_channels_last({3, 32, 9, 9}, torch::TensorOptions(torch::kFloat32)).uniform_(-1, 1).to(type));
  const torch::Tensor weight =
      parameter(empty_channels_last({32, 32, 3, 3}, torch::TensorOptions(torch::kFloat32)).uniform_(-0.1, 0.1));
  const torch::Tensor bias = parameter(torch::rand({32}));
  const BatchNorm norm{.weight = parameter(torch::rand({32})),
                       .bias = parameter(torch::rand({32})),
                       .running_mean = torch::zeros({32}),
                       .running_var = torch::ones({32})};
  const FusedConv conv{.weight = weight,
                       .bias = bias,
                       .norm = with_norm ? &norm : nullptr,
                       .settings = {.padding = 1, .onednn_bf16 = onednn},
                       .pool = pool};
  const torch::Tensor mask = torch::empty({3, 32}).bernoulli_(0.7).div_(0.7);
  const torch::Tensor y = train_fused_conv(x, conv, mask, type);
  y.to(torch::kFloat32).square().sum().backward();
  return {.y = y.detach(), .x = x.grad(), .weight = weight.grad()};
}

double distance(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a.to(torch::kFloat32) - b.to(torch::kFloat32)).norm() / b.to(torch::kFloat32).norm()).item<double>();
}

/// On a processor with bfloat16 instructions oneDNN convolves, elsewhere we do: the same function either way.
TEST(FusedConv, IsTheSameThroughOneDnn) {
  for (const Pool pool : {Pool::none, Pool::last}) {
    for (const bool with_norm : {false, true}) {
      const Gradients ours = run_conv(pool, with_norm, false, torch::kBFloat16);
      const Gradients theirs = run_conv(pool, with_norm, true, torch::kBFloat16);
      EXPECT_LT(distance(theirs.y, ours.y), 0.01);
      EXPECT_LT(distance(theirs.x, ours.x), 0.03);
      EXPECT_LT(distance(theirs.weight, ours.weight), 0.03);
      EXPECT_EQ(theirs.weight.scalar_type(), torch::kFloat32);
    }
  }
}

TEST(FusedConv, PoolsBeforeTheNormalizationWhereAsked) {
  at::manual_seed(8);
  const torch::Tensor x =
      empty_channels_last({4, 32, 8, 8}, torch::TensorOptions(torch::kFloat32)).uniform_(-1, 1).requires_grad_();
  const torch::Tensor weight =
      empty_channels_last({32, 32, 3, 3}, torch::TensorOptions(torch::kFloat32)).uniform_(-0.1, 0.1).requires_grad_();
  const torch::Tensor bias = torch::rand({32}).requires_grad_();
  const BatchNorm norm{.weight = torch::rand({32}).sub_(0.5).requires_grad_(),
                       .bias = torch::rand({32}).requires_grad_(),
                       .running_mean = torch::zeros({32}),
                       .running_var = torch::ones({32})};
  const FusedConv conv{
      .weight = weight, .bias = bias, .norm = &norm, .settings = {.padding = 1}, .pool = Pool::before_norm};
  const torch::Tensor y = train_fused_conv(x, conv, {}, torch::kFloat32);
  const auto mine = torch::autograd::grad({y.square().sum()}, {x, weight, norm.weight, norm.bias});

  const torch::Tensor running_mean = torch::zeros({32});
  const torch::Tensor running_var = torch::ones({32});
  const torch::Tensor plain = torch::batch_norm(torch::max_pool2d(torch::conv2d(x, weight, bias, 1, 1), 2), norm.weight,
                                                norm.bias, running_mean, running_var, true, 0.1, 1e-5, false)
                                  .relu();
  const auto theirs = torch::autograd::grad({plain.square().sum()}, {x, weight, norm.weight, norm.bias});
  EXPECT_LT(distance(y, plain), 1e-5);
  for (size_t i = 0; i < mine.size(); ++i) EXPECT_LT(distance(mine[i], theirs[i]), 1e-4) << i;
  EXPECT_LT(distance(norm.running_mean, running_mean), 1e-5);
  EXPECT_LT(distance(norm.running_var, running_var), 1e-5);

  at::NoGradGuard no_grad;
  const torch::Tensor evaluated = eval_fused_conv(x, conv, torch::kFloat32);
  const torch::Tensor expected =
      torch::batch_norm(torch::max_pool2d(torch::conv2d(x, weight, bias, 1, 1), 2), norm.weight, norm.bias,
                        running_mean, running_var, false, 0.1, 1e-5, false)
          .relu();
  EXPECT_LT(distance(evaluated, expected), 1e-5);
}

FusedConv conv_with_gradients() {
  const auto weight = empty_channels_last({32, 32, 3, 3}, torch::TensorOptions(torch::kFloat32)).uniform_(-0.1, 0.1);
  return {.weight = weight.requires_grad_(), .bias = torch::rand({32}).requires_grad_()};
}

torch::Tensor some_images() {
  return empty_channels_last({2, 32, 6, 6}, torch::TensorOptions(torch::kFloat32)).uniform_(-1, 1);
}

/// What backward needs holds the result itself here: by any other way than autograd's own it would hold itself.
TEST(SavedState, LetsAResultGoThatHasNoOwner) {
  const FusedConv conv = conv_with_gradients();
  torch::Tensor y = train_fused_conv(some_images(), conv, {}, torch::kFloat32);
  const c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> watched(y.getIntrusivePtr());
  EXPECT_FALSE(watched.expired());
  y.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(SavedState, SeesAResultThatWasChanged) {
  const FusedConv conv = conv_with_gradients();
  const torch::Tensor y = train_fused_conv(some_images(), conv, {}, torch::kFloat32);
  const torch::Tensor sum = y.sum();
  y.detach().add_(1);
  EXPECT_THROW(sum.backward(), c10::Error);
}

TEST(SavedState, GivesTheSameGradientsTwiceWhereTheGraphIsKept) {
  const FusedConv conv = conv_with_gradients();
  const torch::Tensor y = train_fused_conv(some_images(), conv, {}, torch::kFloat32).square().sum();
  const auto once = torch::autograd::grad({y}, {conv.weight}, {}, /*retain_graph=*/true);
  const auto again = torch::autograd::grad({y}, {conv.weight});
  EXPECT_TRUE(torch::equal(once[0], again[0]));
}

}  // namespace
}  // namespace digitrec::kernels
