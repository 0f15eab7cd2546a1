#include "data/grey_levels.h"

#include <ATen/ops/cat.h>

#include <algorithm>

namespace digitrec {
namespace {

bool is_of_load_digits(const Dataset& dataset) {
  return dataset.image_size() == 8 && dataset.images.max().item<int64_t>() == 16;
}

/// Whether nearly all pixels at the images' borders are white. Looks at some of the images.
bool is_background_white(const at::Tensor& images) {
  constexpr int64_t kLook = 500;
  constexpr int64_t kWhite = 230;
  constexpr double kShare = 0.9;
  const int64_t step = std::max<int64_t>(1, images.size(0) / kLook);
  const at::Tensor some = images.slice(0, 0, std::nullopt, step);
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
  if (is_background_white(dataset.images))
    add_reading(dataset, "the background is white, not black as MNIST's and as of pictures: 255 - pixel turns it");
}

}  // namespace digitrec
