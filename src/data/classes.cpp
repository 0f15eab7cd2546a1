#include "digitrec/data/classes.h"

namespace digitrec {

std::string Classes::label(int64_t index) const {
  if (!labels.empty()) return std::to_string(labels[static_cast<size_t>(index)]);
  return names.empty() ? std::to_string(index) : names[static_cast<size_t>(index)];
}

std::string Classes::name(int64_t index) const {
  return names.empty() ? label(index) : names[static_cast<size_t>(index)];
}

bool Classes::are_digits(int64_t count) const {
  for (int64_t i = 0; i < count; ++i) {
    const std::string text = name(i);
    if (text.size() != 1 || text[0] < '0' || text[0] > '9') return false;
  }
  return true;
}

}  // namespace digitrec
