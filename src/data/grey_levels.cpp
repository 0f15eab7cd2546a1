#include "data/grey_levels.h"

#include <ATen/ops/cat.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace digitrec {
namespace {

int64_t max_of(const at::Tensor& images) { return images.max().item<int64_t>(); }

bool is_of_load_digits(const Dataset& dataset) { return dataset.image_size() == 8 && max_of(dataset.images) == 16; }

/// Some of the images, in which most of what concerns all shows.
at::Tensor some_of(const at::Tensor& images) {
  constexpr int64_t kLook = 500;
  const int64_t step = std::max<int64_t>(1, images.size(0) / kLook);
  return images.slice(0, 0, std::nullopt, step);
}

/// The brightest pixel where it is far from white, as of images that were written with fewer levels; else 0.
int64_t dim_white(const at::Tensor& images, const at::Tensor& some) {
  constexpr int64_t kDim = 127;
  const int64_t white = max_of(some) <= kDim ? max_of(images) : 255;
  return white <= kDim ? white : 0;
}

/// Whether what is not black is nearly always 1: pixels of 0 to 1, of which a few were not scaled.
bool is_nearly_binary(const at::Tensor& some) {
  constexpr double kShare = 0.01;
  const auto above = [&](int64_t level) { return static_cast<double>(some.gt(level).sum().item<int64_t>()); };
  return above(0) > 0 && above(1) < kShare * above(0);
}

/// Whether nearly all pixels at the images' borders are white.
bool is_background_white(const at::Tensor& some) {
  constexpr int64_t kWhite = 230;
  constexpr double kShare = 0.9;
  const at::Tensor border = at::cat({some.select(1, 0), some.select(1, -1), some.select(2, 0), some.select(2, -1)}, 1);
  const auto white = border.ge(kWhite).sum().item<int64_t>();
  const bool has_ink = some.lt(kWhite).any().item<bool>();
  return has_ink && static_cast<double>(white) >= kShare * static_cast<double>(border.numel());
}

}  // namespace

void look_at_grey_levels(Dataset& dataset) {
  constexpr int64_t kLeastSide = 8;  // in smaller ones all is border
  if (dataset.image_size() < kLeastSide) return;
  if (is_of_load_digits(dataset)) {
    dataset.images = dataset.images.to(at::kFloat).mul(255.0 / 16).round().to(at::kByte);
    add_reading(dataset, "pixels 0 to 16");
  }
  const at::Tensor some = some_of(dataset.images);
  if (const int64_t white = dim_white(dataset.images, some); white > 0) {
    add_reading(dataset, fmt::format("no pixel is above {}, where white is 255", white));
  } else if (is_nearly_binary(some)) {
    add_reading(dataset, "nearly all pixels are 0 or 1, where white is 255");
  }
  if (is_background_white(some))
    add_reading(dataset, "the background is white, not black as MNIST's and as of pictures: 255 - pixel turns it");
}

}  // namespace digitrec
