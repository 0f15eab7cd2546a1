#include "report/sheet.h"

#include <algorithm>

namespace digitrec {

torch::Tensor tile_images(const torch::Tensor& images, const Tiling& tiling) {
  const int64_t count = images.size(0);
  const int64_t columns = std::max<int64_t>(1, std::min(tiling.columns, count));
  const int64_t rows = std::max<int64_t>(1, (count + columns - 1) / columns);
  const int64_t side = images.size(1) * tiling.zoom;
  const int64_t step = side + tiling.gap;
  torch::Tensor sheet =
      torch::full({rows * step + tiling.gap, columns * step + tiling.gap}, tiling.gap_level, torch::kUInt8);
  const torch::Tensor large = images.repeat_interleave(tiling.zoom, 1).repeat_interleave(tiling.zoom, 2);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = tiling.gap + i / columns * step;
    const int64_t left = tiling.gap + i % columns * step;
    sheet.slice(0, top, top + side).slice(1, left, left + side).copy_(large[i]);
  }
  return sheet;
}

torch::Tensor shrink_image(const torch::Tensor& images, int64_t side) {
  if (images.size(-1) <= side) return images;
  const torch::Tensor x = images.to(torch::kFloat32);
  const torch::Tensor batch = x.dim() == 2 ? x.unsqueeze(0) : x;
  const torch::Tensor small = torch::adaptive_avg_pool2d(batch, {side, side}).round_().to(torch::kUInt8);
  return x.dim() == 2 ? small.squeeze(0) : small;
}

GrayImage gray_image(const torch::Tensor& pixels) {
  const torch::Tensor rows = pixels.contiguous();
  const auto* bytes = rows.const_data_ptr<uint8_t>();
  return {rows.size(1), rows.size(0), {bytes, bytes + rows.numel()}, "sheet"};
}

}  // namespace digitrec
