#include "digitrec/report/sheet.h"

#include "data/image_file.h"
#include "digitrec/core/file.h"

#include <algorithm>

namespace digitrec {

void write_sheet(const std::filesystem::path& path, const torch::Tensor& images, int64_t columns, int64_t zoom) {
  constexpr int64_t kGap = 2;
  constexpr int kGapLevel = 96;
  const int64_t count = images.size(0);
  const int64_t side = images.size(1) * zoom;
  const int64_t step = side + kGap;
  columns = std::min(columns, count);
  const int64_t rows = (count + columns - 1) / columns;
  torch::Tensor sheet = torch::full({rows * step + kGap, columns * step + kGap}, kGapLevel, torch::kUInt8);
  const torch::Tensor large = images.repeat_interleave(zoom, 1).repeat_interleave(zoom, 2);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = kGap + i / columns * step;
    const int64_t left = kGap + i % columns * step;
    sheet.slice(0, top, top + side).slice(1, left, left + side).copy_(large[i]);
  }
  const auto* bytes = sheet.const_data_ptr<uint8_t>();
  write_file(path, encode_png({sheet.size(1), sheet.size(0), {bytes, bytes + sheet.numel()}, path.string()}));
}

}  // namespace digitrec
