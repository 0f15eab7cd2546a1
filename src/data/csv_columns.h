#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Which column of a CSV of images holds what, by the names in its header.
struct CsvColumns {
  std::vector<std::string> names;  ///< of all columns
  int64_t label = -1;              ///< the column of the labels; -1: none
  int64_t image_size = 0;          ///< S: there are S x S columns of pixels
  /// For each pixel, row by row, its place among the columns of pixels; empty where they stand in that order.
  std::vector<int64_t> order{};

  int64_t count() const { return static_cast<int64_t>(names.size()); }
};

/// What is wrong with a header, and what to do; does not return.
using FailHeader = std::function<void(const std::string& message, const std::string& hint)>;

/// Takes the names from a header with commas, and finds the column of the labels, which is named label, class, target
/// or y, in any case. `fail` has to throw.
CsvColumns name_csv_columns(std::string_view header, const FailHeader& fail);

/// The columns of a file without a header whose first line has `count` numbers: an image of at least 8 x 8 pixels row
/// by row, with a label before it where there is one number more. Nothing where they make no image.
std::optional<CsvColumns> columns_without_header(int64_t count);

/// Finds which of the other columns holds which pixel. The numbers in the names say it, wherever a column stands:
/// pixel0 to pixel783, or rows and columns as in 1x1 to 28x28. Names without numbers hold their pixels in order. Fails
/// for names that fit no order, for a column unlike the others, which is no pixel, and for pixels that make no square.
void place_csv_pixels(CsvColumns& columns, const FailHeader& fail);

}  // namespace digitrec
