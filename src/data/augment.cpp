#include "digitrec/data/augment.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <numbers>

namespace digitrec {
namespace {

/// Side of the grid of random displacements that elastic distortion smooths.
constexpr int64_t kElasticGrid = 5;
constexpr double kRadians = std::numbers::pi / 180;  // a degree

/// Random numbers for a batch. They are drawn on the CPU, so that every device gets the same.
class Draws {
 public:
  Draws(uint64_t seed, const torch::Tensor& images)
      : generator_(at::detail::createCPUGenerator(seed)), batch_(images.size(0)), device_(images.device()) {}

  /// float32 [B] on the CPU, uniform in -limit .. limit.
  torch::Tensor around_zero(double limit) { return torch::rand({batch_}, generator_).mul_(2 * limit).sub_(limit); }
  torch::Tensor uniform() { return torch::rand({batch_}, generator_); }
  torch::Tensor normal(torch::IntArrayRef shape) { return torch::randn(shape, generator_); }
  torch::Tensor to_device(const torch::Tensor& t) const { return t.to(device_, /*non_blocking=*/true); }

 private:
  at::Generator generator_;
  int64_t batch_;
  torch::Device device_;
};

/// Where each pixel of the new images comes from, as affine_grid wants it: float32 [B, 2, 3] in units of half an image.
/// All arguments: float32 [B]; the angle in radians.
torch::Tensor affine_maps(const torch::Tensor& angle, const torch::Tensor& width, const torch::Tensor& height,
                          const torch::Tensor& shear, const torch::Tensor& dx, const torch::Tensor& dy) {
  const torch::Tensor cos = angle.cos();
  const torch::Tensor sin = angle.sin();
  // Rotation times shear times scale; a source is found by dividing by the scale.
  const torch::Tensor x_row = torch::stack({cos / width, (cos * shear - sin) / height, dx}, 1);
  const torch::Tensor y_row = torch::stack({sin / width, (sin * shear + cos) / height, dy}, 1);
  return torch::stack({x_row, y_row}, 1);
}

torch::Tensor random_maps(const Augmentation& a, int64_t side, Draws& draws) {
  const torch::Tensor angle = draws.around_zero(a.rotate * kRadians);
  const torch::Tensor width = draws.around_zero(a.scale).add_(1);
  const torch::Tensor height = draws.around_zero(a.scale).add_(1);
  const torch::Tensor shear = draws.around_zero(a.shear);
  const torch::Tensor dx = draws.around_zero(2 * a.shift / static_cast<double>(side));
  const torch::Tensor dy = draws.around_zero(2 * a.shift / static_cast<double>(side));
  return draws.to_device(affine_maps(angle, width, height, shear, dx, dy));
}

torch::Tensor sampling_grid(const torch::Tensor& maps, const torch::Tensor& x) {
  return torch::affine_grid_generator(maps, x.sizes(), /*align_corners=*/false);
}

/// x, float32 [B, 1, S, S], between its pixels; 0 outside.
torch::Tensor sample(const torch::Tensor& x, const torch::Tensor& grid) {
  return torch::grid_sampler(x, grid, /*interpolation_mode=*/0, /*padding_mode=*/0, /*align_corners=*/false);
}

/// A smooth displacement of every pixel, float32 [B, S, S, 2] in the units of affine_grid.
torch::Tensor elastic_shift(const Augmentation& a, int64_t batch, int64_t side, Draws& draws) {
  const torch::Tensor coarse = draws.to_device(draws.normal({batch, 2, kElasticGrid, kElasticGrid}));
  const torch::Tensor smooth = torch::upsample_bicubic2d(coarse, {side, side}, /*align_corners=*/false);
  return smooth.permute({0, 2, 3, 1}).mul(2 * a.elastic / static_cast<double>(side));
}

/// Every pixel some way towards the brightest (thicker) or the darkest (thinner) of its neighbours above, below and
/// beside.
torch::Tensor vary_thickness(const torch::Tensor& x, const Augmentation& a, Draws& draws) {
  const torch::Tensor amount = draws.to_device(draws.around_zero(a.thickness)).view({-1, 1, 1, 1});
  const auto brightest = [](const torch::Tensor& t) {
    return torch::maximum(torch::max_pool2d(t, {3, 1}, {1, 1}, {1, 0}), torch::max_pool2d(t, {1, 3}, {1, 1}, {0, 1}));
  };
  const torch::Tensor thicker = brightest(x);
  const torch::Tensor thinner = brightest(-x).neg_();
  return torch::where(amount > 0, torch::lerp(x, thicker, amount.clamp_min(0)),
                      torch::lerp(x, thinner, (-amount).clamp_min(0)));
}

/// Blanks a rectangle of a tenth to two fifths of the side, anywhere, in the given share of the images.
torch::Tensor erase(const torch::Tensor& x, const Augmentation& a, Draws& draws) {
  const auto side = static_cast<double>(x.size(-1));
  const torch::Tensor places = torch::arange(x.size(-1), torch::kFloat32).view({1, -1});
  const torch::Tensor chosen = draws.uniform().lt(a.erase).view({-1, 1});
  const auto band = [&] {
    const torch::Tensor length = draws.uniform().mul_(0.3 * side).add_(0.1 * side).view({-1, 1});
    const torch::Tensor begin = draws.uniform().view({-1, 1}) * (side - length);
    return (places >= begin).logical_and_(places < begin + length);
  };
  const torch::Tensor rows = band().logical_and_(chosen).unsqueeze(2);
  const torch::Tensor columns = band().unsqueeze(1);
  return x.masked_fill(draws.to_device(rows.logical_and(columns)).unsqueeze(1), 0);
}

}  // namespace

torch::Tensor transform(const torch::Tensor& images, const AffineMap& map) {
  const torch::Tensor x = images.unsqueeze(1).to(torch::kFloat32);
  const auto all = [&](double value) { return torch::full({x.size(0)}, value, x.options()); };
  const torch::Tensor none = all(0);
  return sample(x, sampling_grid(affine_maps(all(map.rotate * kRadians), all(map.width), all(map.height),
                                             all(map.shear), none, none),
                                 x))
      .squeeze(1);
}

torch::Tensor augment(const torch::Tensor& images, const Augmentation& a, uint64_t seed) {
  const int64_t batch = images.size(0);
  const int64_t side = images.size(1);
  Draws draws(seed, images);
  torch::Tensor x = images.unsqueeze(1).to(torch::kFloat32);
  torch::Tensor grid = sampling_grid(random_maps(a, side, draws), x);
  if (a.elastic > 0) grid = grid + elastic_shift(a, batch, side, draws);
  x = sample(x, grid);
  if (a.thickness > 0) x = vary_thickness(x, a, draws);
  if (a.erase > 0) x = erase(x, a, draws);
  return x.squeeze(1);
}

}  // namespace digitrec
