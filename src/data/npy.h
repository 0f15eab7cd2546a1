#pragma once

#include "data/pixels.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// What the header of a .npy file says (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
struct NpyHeader {
  NumberType type = NumberType::u8;
  bool is_big_endian = false;
  bool is_fortran_order = false;  ///< the first index varies fastest, as in MATLAB
  std::vector<int64_t> shape;     ///< rows first; each at least 0, their product times the size below 2^62
};

/// Bytes to read of a .npy to know where its header's text lies: magic, version, the text's length.
inline constexpr size_t kNpyPrefix = 12;

/// Where the header's text lies in a .npy, in bytes.
struct NpyText {
  size_t begin;
  size_t size;
};

/// Finds the header's text by the first kNpyPrefix bytes of a file. Throws Error, which begins with `name`, when they
/// are not those of a .npy.
NpyText npy_text(std::string_view prefix, const std::string& name);

/// Parses the text: a Python dict of descr, fortran_order and shape. Throws Error for anything else, and for types
/// other than numbers.
NpyHeader parse_npy_header(std::string_view text, const std::string& name);

/// The elements of an array of this header as NumberType has them, row by row. `bytes`: all of them, as the file has
/// them.
std::string in_our_order(std::string bytes, const NpyHeader& header);

}  // namespace digitrec
