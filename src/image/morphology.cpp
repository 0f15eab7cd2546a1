#include "image/morphology.h"

#include "image/transpose.h"

#include <algorithm>
#include <limits>

namespace digitrec {
namespace {

Drawing turn(const Drawing& drawing) {
  Drawing turned(drawing.height, drawing.width);
  turned.ink = transpose(drawing.ink, drawing.width, drawing.height);
  return turned;
}

/// The maximum of each pixel's column within `reach` of it (van Herk 1992; Gil and Werman 1993). A whole row at a time.
Drawing spread_maximum_down(const Drawing& drawing, int64_t reach) {
  const int64_t window = 2 * reach + 1;
  const int64_t height = (drawing.height + 2 * reach + window - 1) / window * window;
  const auto width = static_cast<size_t>(drawing.width);
  const auto row_of = [&](const Drawing& of, int64_t y) { return &of.ink[static_cast<size_t>(y) * width]; };
  Drawing from_above(drawing.width, height);  // maximum of the block of rows down to here
  Drawing from_below(drawing.width, height);  // and from here on; both begin `reach` rows above the drawing
  const std::vector<float> nothing(width, -std::numeric_limits<float>::infinity());
  const auto source = [&](int64_t y) {
    const bool is_inside = y >= reach && y < reach + drawing.height;
    return is_inside ? row_of(drawing, y - reach) : nothing.data();
  };
  const auto put_maximum = [width](const float* a, const float* b, float* out) {
    for (size_t x = 0; x < width; ++x) out[x] = std::max(a[x], b[x]);
  };
  for (int64_t y = 0; y < height; ++y) {
    const float* before = y % window == 0 ? nothing.data() : row_of(from_above, y - 1);
    put_maximum(before, source(y), &from_above.at(0, y));
  }
  for (int64_t y = height - 1; y >= 0; --y) {
    const float* after = (y + 1) % window == 0 ? nothing.data() : row_of(from_below, y + 1);
    put_maximum(after, source(y), &from_below.at(0, y));
  }
  Drawing spread(drawing.width, drawing.height);
  for (int64_t y = 0; y < drawing.height; ++y) {
    put_maximum(row_of(from_below, y), row_of(from_above, y + window - 1), &spread.at(0, y));
  }
  return spread;
}

/// The drawing with its edge pixels repeated `border` times around it.
Drawing extend(const Drawing& drawing, int64_t border) {
  Drawing wide(drawing.width + 2 * border, drawing.height + 2 * border);
  for (int64_t y = 0; y < wide.height; ++y) {
    const int64_t row = std::clamp<int64_t>(y - border, 0, drawing.height - 1);
    for (int64_t x = 0; x < wide.width; ++x) {
      wide.at(x, y) = drawing.at(std::clamp<int64_t>(x - border, 0, drawing.width - 1), row);
    }
  }
  return wide;
}

Drawing cut(const Drawing& drawing, int64_t border) {
  Drawing inner(drawing.width - 2 * border, drawing.height - 2 * border);
  for (int64_t y = 0; y < inner.height; ++y) {
    const float* row = &drawing.ink[static_cast<size_t>((y + border) * drawing.width + border)];
    std::copy(row, row + inner.width, &inner.at(0, y));
  }
  return inner;
}

}  // namespace

void negate(Drawing& drawing) {
  for (float& value : drawing.ink) value = -value;
}

Drawing dilate(const Drawing& drawing, int64_t reach) {
  return turn(spread_maximum_down(turn(spread_maximum_down(drawing, reach)), reach));
}

Drawing close_dark(const Drawing& levels, int64_t reach) {
  // What lies beyond the picture's edge goes on as it is there, or a shadow that ends there at a slant would count as
  // ink.
  Drawing closed = turn(spread_maximum_down(extend(levels, 2 * reach), reach));
  closed = spread_maximum_down(closed, reach);
  negate(closed);
  closed = turn(spread_maximum_down(closed, reach));
  closed = spread_maximum_down(closed, reach);
  negate(closed);
  return cut(closed, 2 * reach);
}

}  // namespace digitrec
