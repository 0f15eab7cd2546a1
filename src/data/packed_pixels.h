#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace digitrec {

// Tables with the pixels of an image in one field, with blanks between them as in FER-2013, or a list as pandas writes
// it: "[0, 0, 12]".

/// The same line with a field for each number in the field `column`, whose place in it others do not change.
std::string unpacked_row(std::string_view row, char separator, int64_t column);

/// The header that belongs to such lines, with pixel0, pixel1, ... in place of the one name. `row`: the first below it.
/// Empty, and `column` -1, where no field of it holds 64 numbers or more, or there are many fields.
std::string unpacked_header(std::string_view header, std::string_view row, char separator, int64_t& column);

}  // namespace digitrec
