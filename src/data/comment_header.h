#pragma once

#include "data/csv_lines.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace digitrec {

/// A header that stands in a comment, as numpy.savetxt(..., header="label,pixel0,...") writes it.
struct CommentHeader {
  std::string text{};  ///< without the comment's mark, between the separators of the rows
  std::string line{};  ///< the whole line
  int64_t number = 0;  ///< of the line
};

/// The last of the comments before `first_row` that names each of its fields; none where that is no row of numbers.
std::optional<CommentHeader> find_comment_header(const CsvLines& lines, std::string_view first_row);

}  // namespace digitrec
