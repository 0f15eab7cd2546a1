#include "kernels/epilogue.h"
#include "kernels/batch_norm.h"
#include "kernels/dispatch.h"
#include "support.h"

#include <limits>

namespace digitrec::kernels {
namespace {

struct EpilogueCase {
  int64_t images, channels, height, width;
  bool pool;
  bool masked;
};

constexpr EpilogueCase kEpilogueCases[] = {{3, 32, 8, 8, false, false},  {3, 32, 8, 8, true, true},
                                           {2, 64, 7, 5, true, true},    {4, 48, 5, 7, false, true},
                                           {1, 512, 9, 1, false, false}, {2, 32, 3, 3, true, false}};

constexpr double kEpsilon = 1e-5;

class Epilogue : public testing::TestWithParam<const Table*> {
 protected:
  static torch::Tensor random(at::IntArrayRef sizes) {
    return empty_channels_last(sizes, torch::TensorOptions(torch::kFloat32)).uniform_(-1, 1);
  }
  static torch::Tensor random_vector(int64_t size) { return torch::empty({size}).uniform_(-1, 1); }
  static torch::Tensor random_mask(const EpilogueCase& c) {
    return c.masked ? torch::empty({c.images, c.channels}).bernoulli_(0.7).div_(0.7) : torch::Tensor();
  }
  static double difference(const torch::Tensor& a, const torch::Tensor& b) {
    return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
  }
  static torch::Tensor relu_pool_mask(torch::Tensor y, const EpilogueCase& c, const torch::Tensor& mask) {
    y = y.relu();
    if (c.pool) y = torch::max_pool2d(y, 2);
    return mask.defined() ? y * mask.view({c.images, c.channels, 1, 1}) : y;
  }
};

TEST_P(Epilogue, BiasReluAndPoolingEqualThePlainLayers) {
  at::manual_seed(3);
  for (const EpilogueCase& c : kEpilogueCases) {
    SCOPED_TRACE(testing::Message() << c.channels << " channels, " << c.height << " x " << c.width << ", pool "
                                    << c.pool);
    const torch::Tensor z = random({c.images, c.channels, c.height, c.width});
    const torch::Tensor bias = random_vector(c.channels);
    const torch::Tensor plain_z = z.to(torch::kFloat64).requires_grad_();
    const torch::Tensor plain_bias = bias.to(torch::kFloat64).requires_grad_();
    const torch::Tensor expected = relu_pool_mask(plain_z + plain_bias.view({1, -1, 1, 1}), c, {});

    const EpilogueResult result =
        epilogue(*GetParam(), z, {.scale = {}, .shift = bias, .dropout_mask = {}, .relu = true, .pool = c.pool}, true);
    EXPECT_LT(difference(result.y, expected), 1e-6);
    const torch::Tensor dy = random(result.y.sizes());
    expected.backward(dy.to(torch::kFloat64));
    const auto [dz, dbias] = epilogue_backward(*GetParam(), dy, result.y, result.codes, z.sizes());
    EXPECT_EQ(difference(dz, plain_z.grad()), 0);
    EXPECT_LT(difference(dbias, plain_bias.grad()), 1e-5);
  }
}

TEST_P(Epilogue, BatchNormalizationEqualsThePlainLayers) {
  at::manual_seed(4);
  for (const EpilogueCase& c : kEpilogueCases) {
    SCOPED_TRACE(testing::Message() << c.channels << " channels, " << c.height << " x " << c.width << ", pool "
                                    << c.pool);
    // A mean far from 0 beside a small deviation: where a difference of large sums would show.
    const torch::Tensor z = random({c.images, c.channels, c.height, c.width}).mul_(0.1).add_(5);
    const torch::Tensor weight = random_vector(c.channels);
    const torch::Tensor bias = random_vector(c.channels);
    const torch::Tensor mask = random_mask(c);
    const torch::Tensor plain_z = z.to(torch::kFloat64).requires_grad_();
    const torch::Tensor plain_weight = weight.to(torch::kFloat64).requires_grad_();
    const torch::Tensor plain_bias = bias.to(torch::kFloat64).requires_grad_();
    const torch::Tensor expected = relu_pool_mask(
        torch::batch_norm(plain_z, plain_weight, plain_bias, {}, {}, true, 0.1, kEpsilon, false), c, mask);

    const Moments batch = moments(*GetParam(), z);
    const torch::Tensor inverse_deviation = (batch.variance + kEpsilon).rsqrt();
    const torch::Tensor scale = weight * inverse_deviation;
    const torch::Tensor shift = bias - batch.mean * scale;
    const EpilogueResult result = epilogue(
        *GetParam(), z, {.scale = scale, .shift = shift, .dropout_mask = mask, .relu = true, .pool = c.pool}, true);
    EXPECT_LT(difference(result.y, expected), 3e-5);

    const torch::Tensor dy = random(result.y.sizes());
    expected.backward(dy.to(torch::kFloat64));
    const auto [dz, dweight, dbias] = norm_backward(*GetParam(), dy,
                                                    {.z = z,
                                                     .codes = result.codes,
                                                     .dropout_mask = mask,
                                                     .mean = batch.mean,
                                                     .inverse_deviation = inverse_deviation,
                                                     .scale = scale,
                                                     .shift = shift});
    EXPECT_LT(difference(dz, plain_z.grad()), 5e-4);  // of values up to about 30
    EXPECT_LT(difference(dweight, plain_weight.grad()), 2e-4);
    EXPECT_LT(difference(dbias, plain_bias.grad()), 1e-5);
  }
}

TEST_P(Epilogue, RoundsBfloat16AsPyTorchDoes) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  torch::Tensor z = torch::tensor({1.0F, 1.00390625F, 1.01171875F, -3.1415927F, 3.4e38F, kInfinity, 1e-40F, 0.0F});
  z = z.to(torch::kBFloat16).repeat({4}).view({1, 32, 1, 1});
  const torch::Tensor shift = torch::full({32}, 0.001F);
  const EpilogueResult result =
      epilogue(*GetParam(), channels_last(z),
               {.scale = {}, .shift = shift, .dropout_mask = {}, .relu = false, .pool = false}, false);
  const torch::Tensor expected = (z.to(torch::kFloat32) + 0.001F).to(torch::kBFloat16);
  EXPECT_TRUE(torch::equal(result.y.flatten(), expected.flatten())) << result.y.flatten() << expected.flatten();
}

TEST_P(Epilogue, LetsNotANumberThrough) {
  for (const at::ScalarType type : {torch::kFloat32, torch::kBFloat16}) {
    for (const bool pool : {false, true}) {
      torch::Tensor z = random({1, 32, 4, 4});
      z[0][7][1][2] = std::numeric_limits<float>::quiet_NaN();
      const EpilogueResult result =
          epilogue(*GetParam(), channels_last(z.to(type)),
                   {.scale = {}, .shift = torch::zeros({32}), .dropout_mask = {}, .relu = true, .pool = pool}, false);
      EXPECT_EQ(result.y.isnan().sum().item<int64_t>(), 1);
      EXPECT_EQ(result.y[0][7].isnan().sum().item<int64_t>(), 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Epilogue, testing::ValuesIn(supported_tables()),
                         [](const auto& instance) { return instance.param->name; });

}  // namespace
}  // namespace digitrec::kernels
