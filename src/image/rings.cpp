#include "image/rings.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace digitrec {
namespace {

/// What a ring encloses is this tall at least, in parts of the ring's height; a dot in a 0 is not.
constexpr double kTall = 0.3;
/// A ring is this wide at least, in parts of its height, and a 0 with a stroke in it narrower;
constexpr double kRound = 0.8;
/// and its ink covers no more than this share of its box.
constexpr double kThin = 0.4;

bool may_be_ring(const Component& component) {
  const auto width = static_cast<double>(component.box.width());
  const auto height = static_cast<double>(component.box.height());
  return width >= kRound * height && static_cast<double>(component.area) <= kThin * width * height;
}

bool lies_in(const Box& inner, const Box& outer) {
  return inner.left > outer.left && inner.top > outer.top && inner.right < outer.right && inner.bottom < outer.bottom;
}

/// Whether the component has ink on all four sides of the middle of a box.
bool surrounds(const Components& found, int32_t component, const Box& inner, int64_t width) {
  const Box& outer = found.list[static_cast<size_t>(component)].box;
  const int64_t column = (inner.left + inner.right) / 2;
  const int64_t row = (inner.top + inner.bottom) / 2;
  const auto in_row = [&](int64_t from, int64_t to) {
    const auto begin = found.labels.begin() + row * width;
    return std::find(begin + from, begin + to, component) != begin + to;
  };
  const auto in_column = [&](int64_t from, int64_t to) {
    for (int64_t y = from; y < to; ++y) {
      if (found.labels[static_cast<size_t>(y * width + column)] == component) return true;
    }
    return false;
  };
  return in_row(outer.left, inner.left) && in_row(inner.right, outer.right) && in_column(outer.top, inner.top) &&
         in_column(inner.bottom, outer.bottom);
}

}  // namespace

void erase_rings(Drawing& ink, Components& found) {
  std::vector<bool> goes(found.list.size(), false);
  for (size_t i = 0; i < goes.size(); ++i) {
    const Component& ring = found.list[i];
    if (!may_be_ring(ring)) continue;
    goes[i] = std::any_of(found.list.begin(), found.list.end(), [&](const Component& inner) {
      return static_cast<double>(inner.box.height()) >= kTall * static_cast<double>(ring.box.height()) &&
             lies_in(inner.box, ring.box) && surrounds(found, static_cast<int32_t>(i), inner.box, ink.width);
    });
  }
  erase_components(ink, found, goes);
}

}  // namespace digitrec
