#pragma once

#include "core/drawing.h"
#include "digitrec/image/pictures.h"
#include "image/components.h"

#include <cstdint>
#include <vector>

namespace digitrec {

/// The components of one digit.
struct Piece {
  Box box;
  std::vector<int32_t> components;
  TextPlace place{};

  void add(int32_t component, const Box& other);
};

/// Takes what touches the picture's edge, or lies along it as thin as no stroke, where larger components lie further
/// inside: the ends of neighbours, the rest of a line, the grain of a table.
void erase_edge_pieces(Drawing& ink, Components& found);

/// Joins components with small gaps between them, but for such as stand side by side as digits do: a pen that skipped,
/// a stroke that does not quite reach another. `threshold`: where ink begins.
Components bridge_gaps(const Drawing& ink, Components found, float threshold);

/// The components that are not dirt.
std::vector<int32_t> large_components(const Components& found);

/// All components that are no dirt, as one character.
std::vector<Piece> group_all(const Components& found);

/// As `group_digits`, of a picture no larger than one digit's: there what is taller than numbers are is one digit,
/// whose thin stroke has gaps.
std::vector<Piece> group_few_digits(const Components& found);

/// Which components make up which digit, in reading order: line by line, each from left to right.
std::vector<Piece> group_digits(const Components& found);

}  // namespace digitrec
