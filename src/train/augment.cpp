#include "train/augment.h"

#include "core/random.h"
#include "synth/scribble.h"
#include "synth/synth.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Generator.h>
#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace digitrec {
namespace {

/// Side of the coarse grid of random displacements that elastic distortion interpolates.
constexpr int64_t kElasticGrid = 5;
constexpr double kRadians = std::numbers::pi / 180;  // a degree

/// Random numbers for a batch, drawn on the CPU so that they are the same for every device.
class Draws {
 public:
  Draws(uint64_t seed, const at::Tensor& images)
      : generator_(at::detail::createCPUGenerator(seed)), batch_(images.size(0)), device_(images.device()) {}

  /// float32 [B] on the CPU, uniform in -limit .. limit.
  at::Tensor around_zero(double limit) { return at::rand({batch_}, generator_).mul_(2 * limit).sub_(limit); }
  at::Tensor uniform() { return at::rand({batch_}, generator_); }
  at::Tensor normal(at::IntArrayRef shape) { return at::randn(shape, generator_); }
  at::Tensor to_device(const at::Tensor& t) const { return t.to(device_, /*non_blocking=*/true); }

 private:
  at::Generator generator_;
  int64_t batch_;
  at::Device device_;
};

/// Maps from each pixel of the new images to its source, as affine_grid takes them: float32 [B, 2, 3] in units of half
/// an image.
/// All arguments: float32 [B]; the angle in radians.
at::Tensor affine_maps(const at::Tensor& angle, const at::Tensor& width, const at::Tensor& height,
                       const at::Tensor& shear, const at::Tensor& dx, const at::Tensor& dy) {
  const at::Tensor cos = angle.cos();
  const at::Tensor sin = angle.sin();
  // Rotation times shear times inverse scale, since the maps lead from the new image to the old.
  const at::Tensor x_row = at::stack({cos / width, (cos * shear - sin) / height, dx}, 1);
  const at::Tensor y_row = at::stack({sin / width, (sin * shear + cos) / height, dy}, 1);
  return at::stack({x_row, y_row}, 1);
}

at::Tensor random_maps(const Augmentation& a, int64_t side, Draws& draws) {
  const at::Tensor angle = draws.around_zero(a.rotate * kRadians);
  at::Tensor width = draws.around_zero(a.scale).add_(1);
  const at::Tensor height = draws.around_zero(a.scale).add_(1);
  const at::Tensor shear = draws.around_zero(a.shear);
  const at::Tensor dx = draws.around_zero(2 * a.shift / static_cast<double>(side));
  const at::Tensor dy = draws.around_zero(2 * a.shift / static_cast<double>(side));
  if (a.narrow > 0) width = width * (1 - draws.uniform() * a.narrow);
  return draws.to_device(affine_maps(angle, width, height, shear, dx, dy));
}

at::Tensor sampling_grid(const at::Tensor& maps, const at::Tensor& x) {
  return at::affine_grid_generator(maps, x.sizes(), /*align_corners=*/false);
}

/// x, float32 [B, 1, S, S], interpolated between its pixels; 0 outside.
at::Tensor sample(const at::Tensor& x, const at::Tensor& grid) {
  return at::grid_sampler(x, grid, /*interpolation_mode=*/0, /*padding_mode=*/0, /*align_corners=*/false);
}

/// A smooth displacement of every pixel, float32 [B, S, S, 2] in the units of affine_grid.
at::Tensor elastic_shift(const Augmentation& a, int64_t batch, int64_t side, Draws& draws) {
  const at::Tensor coarse = draws.to_device(draws.normal({batch, 2, kElasticGrid, kElasticGrid}));
  const at::Tensor smooth = at::upsample_bicubic2d(coarse, {side, side}, /*align_corners=*/false);
  return smooth.permute({0, 2, 3, 1}).mul(2 * a.elastic / static_cast<double>(side));
}

/// Moves every pixel towards the brightest (thicker) or the darkest (thinner) of itself and its four neighbours.
at::Tensor vary_thickness(const at::Tensor& x, const Augmentation& a, Draws& draws) {
  const at::Tensor amount = draws.to_device(draws.around_zero(a.thickness)).view({-1, 1, 1, 1});
  const auto brightest = [](const at::Tensor& t) {
    return at::maximum(at::max_pool2d(t, {3, 1}, {1, 1}, {1, 0}), at::max_pool2d(t, {1, 3}, {1, 1}, {0, 1}));
  };
  const at::Tensor thicker = brightest(x);
  const at::Tensor thinner = brightest(-x).neg_();
  return at::where(amount > 0, at::lerp(x, thicker, amount.clamp_min(0)), at::lerp(x, thinner, (-amount).clamp_min(0)));
}

/// Shows a share of the images at the resolution of a small picture, a single one for the batch, and makes the edges of
/// all of them harder, each by a factor of its own.
at::Tensor lose_detail(const at::Tensor& x, const Augmentation& a, Draws& draws) {
  constexpr double kLowest = 0.35;  // of the resolution: a box of 7 pixels where MNIST has 20
  constexpr double kHighest = 0.75;
  constexpr double kHardest = 0.9;  // logarithm of the largest factor
  constexpr double kPaper = 5;      // levels up to here stay paper
  const auto side = static_cast<double>(x.size(2));
  const double share = kLowest + (kHighest - kLowest) * draws.uniform()[0].item<double>();
  const auto small = static_cast<int64_t>(std::lround(share * side));
  // Both ways by area first, so that no pixel of the small image is a sample of a single one.
  const at::Tensor fine = at::upsample_bilinear2d(x, {4 * small, 4 * small}, /*align_corners=*/false);
  const at::Tensor coarse =
      at::upsample_bilinear2d(at::avg_pool2d(fine, {4, 4}), {x.size(2), x.size(3)}, /*align_corners=*/false);
  const at::Tensor is_coarse = draws.to_device(draws.uniform() < a.coarse).view({-1, 1, 1, 1});
  const at::Tensor shown = at::where(is_coarse, coarse, x);
  const at::Tensor strongest = shown.amax({1, 2, 3}, /*keepdim=*/true).clamp_min(1);
  const at::Tensor even = shown * (255 / strongest);
  const at::Tensor factor = draws.to_device(draws.uniform().mul_(kHardest).exp_()).view({-1, 1, 1, 1});
  return ((even - 127.5) * factor + 127.5).clamp_(0, 255) * (even > kPaper);
}

/// Pairs of images side by side, as touching digits are read in one piece. a, b: float32 [N, 1, S, S].
at::Tensor set_side_by_side(const at::Tensor& a, const at::Tensor& b, Draws& draws) {
  constexpr double kSmallest = 0.45;  // of the size
  constexpr double kLargest = 0.65;
  const auto place = [&](const at::Tensor& x, double side) {
    const auto among = [&](double low, double high) {
      return draws.uniform().slice(0, 0, x.size(0)).mul_(high - low).add_(low);
    };
    const at::Tensor size = among(kSmallest, kLargest);
    const at::Tensor none = at::zeros_like(size);
    const at::Tensor dx = among(0.22, 0.38) * side / size;  // from where in the image the middle comes
    const at::Tensor dy = among(-0.06, 0.06) / size;
    return sample(x, sampling_grid(draws.to_device(affine_maps(none, size, size, none, dx, dy)), x));
  };
  return at::maximum(place(a, 1), place(b, -1));
}

/// Images drawn on the CPU, as many as asked for: float32 [count, 1, S, S], like `x`. `draw(i)`: the i-th one's pixels.
template <class Draw>
at::Tensor drawn_images(int64_t count, const at::Tensor& x, const Draw& draw) {
  std::vector<uint8_t> pixels;
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<uint8_t> drawn = draw(i);
    pixels.insert(pixels.end(), drawn.begin(), drawn.end());
  }
  return at::from_blob(pixels.data(), {count, 1, x.size(2), x.size(3)}, at::kByte).to(x.options());
}

/// Replaces the last images, but for `outliers`, by synthetic digits of their labels.
at::Tensor put_synthetic(const at::Tensor& x, const at::Tensor& labels, int64_t count, int64_t outliers,
                         uint64_t seed) {
  const int64_t first = x.size(0) - outliers - count;
  const at::Tensor shown = labels.narrow(0, first, count).cpu();
  const at::Tensor digits = drawn_images(count, x, [&](int64_t i) {
    return draw_synthetic_digit(shown[i].item<int64_t>() % 10, x.size(2), mix_seed(seed, static_cast<uint64_t>(i)));
  });
  return at::cat({x.narrow(0, 0, first), digits, x.narrow(0, first + count, outliers)});
}

/// Makes the last `count` of the images into what shows no class: some of them pairs, the rest scribbles.
at::Tensor make_outliers(const at::Tensor& x, int64_t count, uint64_t seed, Draws& draws) {
  constexpr double kPairs = 0.4;
  const int64_t rest = x.size(0) - count;
  const int64_t pairs = std::min(static_cast<int64_t>(kPairs * static_cast<double>(count)), rest);
  const at::Tensor scribbles = drawn_images(
      count - pairs, x, [&](int64_t i) { return draw_scribble(x.size(2), mix_seed(~seed, static_cast<uint64_t>(i))); });
  return at::cat(
      {x.narrow(0, 0, rest), set_side_by_side(x.narrow(0, rest, pairs), x.narrow(0, 0, pairs), draws), scribbles});
}

/// Each image with its ink scaled into MNIST's box, 20 of 28 pixels, and its centre of mass in the middle.
at::Tensor frame_again(const at::Tensor& x) {
  constexpr double kInk = 64;
  const int64_t side = x.size(2);
  const at::Tensor image = x.squeeze(1);
  const at::Tensor places = at::arange(side, x.options()) + 0.5;
  const auto span = [&](const at::Tensor& has_ink) {  // bool [B, S]: the length from the first to the last
    const at::Tensor first = at::where(has_ink, places, static_cast<double>(side)).amin(1);
    const at::Tensor last = at::where(has_ink, places, 0.0).amax(1);
    return last - first + 1;
  };
  const at::Tensor ink = image > kInk;
  const at::Tensor longer = at::maximum(span(ink.any(1)), span(ink.any(2))).clamp(1, static_cast<double>(side));
  const at::Tensor scale = longer / (static_cast<double>(side) * 20 / 28);
  const at::Tensor mass = image.sum({1, 2}).clamp_min(1);
  const auto middle = [&](int64_t over) {  // of the mass, in units of half an image
    return ((image.sum(over) * places).sum(1) / mass - static_cast<double>(side) / 2) / (static_cast<double>(side) / 2);
  };
  const at::Tensor none = at::zeros_like(scale);
  const at::Tensor maps =
      at::stack({at::stack({scale, none, middle(1)}, 1), at::stack({none, scale, middle(2)}, 1)}, 1);
  return sample(x, sampling_grid(maps, x));
}

}  // namespace

at::Tensor transform(const at::Tensor& images, const AffineMap& map) {
  const at::Tensor x = images.unsqueeze(1).to(at::kFloat);
  const auto all = [&](double value) { return at::full({x.size(0)}, value, x.options()); };
  const at::Tensor none = all(0);
  return sample(x, sampling_grid(affine_maps(all(map.rotate * kRadians), all(map.width), all(map.height),
                                             all(map.shear), none, none),
                                 x))
      .squeeze(1);
}

at::Tensor augment(const at::Tensor& images, const at::Tensor& labels, const Augmentation& a, uint64_t seed) {
  const int64_t batch = images.size(0);
  const int64_t side = images.size(1);
  const auto share = [batch](double of_all) { return static_cast<int64_t>(of_all * static_cast<double>(batch)); };
  Draws draws(seed, images);
  const at::Tensor plain = images.unsqueeze(1).to(at::kFloat);
  at::Tensor grid = sampling_grid(random_maps(a, side, draws), plain);
  if (a.elastic > 0) grid = grid + elastic_shift(a, batch, side, draws);
  at::Tensor x = sample(plain, grid);
  const int64_t outliers = a.count_outliers(batch);
  const int64_t synthetic = std::min(share(a.synthetic), batch - outliers);
  if (synthetic > 0) x = put_synthetic(x, labels, synthetic, outliers, seed);
  if (outliers > 0) x = make_outliers(x, outliers, seed, draws);
  if (a.thickness > 0) x = vary_thickness(x, a, draws);
  if (a.coarse > 0) x = lose_detail(x, a, draws);
  if (a.reframe) x = frame_again(x);
  const int64_t kept = std::min(share(a.plain), batch - outliers - synthetic);
  if (kept > 0) x = at::cat({plain.narrow(0, 0, kept), x.narrow(0, kept, batch - kept)});
  return x.squeeze(1);
}

}  // namespace digitrec
