#include "figures/sheet.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/full.h>

#include <algorithm>

namespace digitrec {

at::Tensor tile_images(const at::Tensor& images, const Tiling& tiling) {
  const int64_t count = images.size(0);
  const int64_t columns = std::max<int64_t>(1, std::min(tiling.columns, count));
  const int64_t rows = std::max<int64_t>(1, (count + columns - 1) / columns);
  const int64_t side = images.size(1) * tiling.zoom;
  const int64_t step = side + tiling.gap;
  at::Tensor sheet = at::full({rows * step + tiling.gap, columns * step + tiling.gap}, tiling.gap_level, at::kByte);
  const at::Tensor large = images.repeat_interleave(tiling.zoom, 1).repeat_interleave(tiling.zoom, 2);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = tiling.gap + i / columns * step;
    const int64_t left = tiling.gap + i % columns * step;
    sheet.slice(0, top, top + side).slice(1, left, left + side).copy_(large[i]);
  }
  return sheet;
}

at::Tensor shrink_image(const at::Tensor& images, int64_t side) {
  if (images.size(-1) <= side) return images;
  const at::Tensor x = images.to(at::kFloat);
  const at::Tensor batch = x.dim() == 2 ? x.unsqueeze(0) : x;
  const at::Tensor small = at::adaptive_avg_pool2d(batch, {side, side}).round_().to(at::kByte);
  return x.dim() == 2 ? small.squeeze(0) : small;
}

GrayImage gray_image(const at::Tensor& pixels) {
  const at::Tensor rows = pixels.contiguous();
  const auto* bytes = rows.const_data_ptr<uint8_t>();
  return {rows.size(1), rows.size(0), {bytes, bytes + rows.numel()}, "sheet"};
}

}  // namespace digitrec
