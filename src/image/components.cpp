#include "image/components.h"

#include <algorithm>

namespace digitrec {

Components find_components(const Drawing& drawing, float threshold) {
  Components found{std::vector<int32_t>(drawing.ink.size(), -1), {}};
  std::vector<int64_t> waiting;
  for (int64_t start = 0; start < static_cast<int64_t>(drawing.ink.size()); ++start) {
    if (drawing.ink[static_cast<size_t>(start)] < threshold || found.labels[static_cast<size_t>(start)] >= 0) continue;
    const auto label = static_cast<int32_t>(found.list.size());
    Component component{{drawing.width, drawing.height, 0, 0}};
    waiting.push_back(start);
    found.labels[static_cast<size_t>(start)] = label;
    while (!waiting.empty()) {
      const int64_t x = waiting.back() % drawing.width;
      const int64_t y = waiting.back() / drawing.width;
      waiting.pop_back();
      ++component.area;
      component.box = around(component.box, {x, y, x + 1, y + 1});
      for (int64_t v = std::max<int64_t>(0, y - 1); v < std::min(drawing.height, y + 2); ++v) {
        for (int64_t u = std::max<int64_t>(0, x - 1); u < std::min(drawing.width, x + 2); ++u) {
          int32_t& other = found.labels[static_cast<size_t>(v * drawing.width + u)];
          if (drawing.at(u, v) < threshold || other >= 0) continue;
          other = label;
          waiting.push_back(v * drawing.width + u);
        }
      }
    }
    found.list.push_back(component);
  }
  return found;
}

int64_t tallest_of(const Components& found) {
  int64_t tallest = 0;
  for (const Component& component : found.list) tallest = std::max(tallest, component.box.height());
  return tallest;
}

void erase_components(Drawing& drawing, Components& found, const std::vector<bool>& goes) {
  std::vector<int32_t> positions(found.list.size(), -1);
  std::vector<Component> kept;
  for (size_t i = 0; i < found.list.size(); ++i) {
    if (goes[i]) continue;
    positions[i] = static_cast<int32_t>(kept.size());
    kept.push_back(found.list[i]);
  }
  if (kept.size() == found.list.size()) return;
  for (size_t i = 0; i < found.labels.size(); ++i) {
    int32_t& label = found.labels[i];
    if (label < 0) continue;
    label = positions[static_cast<size_t>(label)];
    if (label < 0) drawing.ink[i] = 0;
  }
  found.list = std::move(kept);
}

}  // namespace digitrec
