#pragma once

#include "image/drawing.h"

#include <cstdint>
#include <vector>

namespace digitrec {

/// Pixels of ink that touch each other, also at corners.
struct Component {
  Box box;
  int64_t area = 0;
};

struct Components {
  std::vector<int32_t> labels;  ///< a pixel each: place in `list`, or -1 for no ink
  std::vector<Component> list;
};

/// Finds the components of all pixels of at least `threshold`.
Components find_components(const Drawing& drawing, float threshold);

}  // namespace digitrec
