#pragma once

#include "data/csv_columns.h"

#include <cstdint>
#include <string>
#include <vector>

namespace digitrec {

// Tables of images whose first line names no columns.

/// Smaller images than this are not taken for such without a name that says so.
inline constexpr int64_t kMinUnnamedSize = 8;

/// The side of a square of so many pixels; 0 where they make none.
int64_t side_of(size_t pixels);

/// Whether so many columns may be an image and its label.
bool has_one_too_many(size_t columns);

/// Whether all names are numbers; a comma too many at the end may follow.
bool are_numbers(const std::vector<std::string>& names, char separator);

/// A row of an image repeats numbers. A header, 0 to 784, does not.
bool are_distinct(std::vector<std::string> names);

/// The columns of a file whose first line, all numbers, names none.
void place_unnamed(CsvColumns& columns, const FailHeader& fail);

/// Whether a first line is a row of numbers with a word before or behind them, and which; -1: it is none.
int64_t word_of_row(const std::vector<std::string>& names, char separator);

/// The columns of a file whose first line is a row with the label, a word, at `label`.
void place_named_row(CsvColumns& columns, int64_t label, const FailHeader& fail);

/// The image whose numbers stand in a header since pandas or R took a first row for one: both number what it repeats
/// (0, 0.1, 0.2 for 0, 0, 0), and R puts an X before each. Empty where the names are no such row; a nameless index may
/// stand before it.
std::vector<std::string> row_in_header(const std::vector<std::string>& names);

/// The columns of a file with such a header: the row becomes the first one.
void place_row_in_header(CsvColumns& columns, const std::vector<std::string>& row, const FailHeader& fail);

}  // namespace digitrec
