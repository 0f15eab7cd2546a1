#pragma once

#include "core/drawing.h"

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

/// The height of the tallest component, pixels; 0 without any.
int64_t tallest_of(const Components& found);

/// Takes the components for which `goes` is true from the list and their ink from the drawing.
void erase_components(Drawing& drawing, Components& found, const std::vector<bool>& goes);

}  // namespace digitrec
