#pragma once

#include <cstdint>
#include <vector>

namespace digitrec {

/// What a pen draws that is no digit, framed as MNIST's digits are: a few strokes, straight or bent, that cross as
/// those of letters and signs do, or a long one without aim. Row by row, `image_size` squared, ink 255. Now and then it
/// looks like a digit by chance.
std::vector<uint8_t> draw_scribble(int64_t image_size, uint64_t seed);

}  // namespace digitrec
