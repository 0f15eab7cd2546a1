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
  std::vector<int32_t> labels;  ///< of each pixel: its position in `list`, or -1 without ink
  std::vector<Component> list;
};

/// Finds the components of all pixels of at least `threshold`.
Components find_components(const Drawing& drawing, float threshold);

}  // namespace digitrec
