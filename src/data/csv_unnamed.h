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

/// A row of an image repeats numbers. A header does not: 0 to 784, or 0, 0.1, 0.2, ... where pandas has taken a first
/// row for one and numbered what it repeats.
bool are_distinct(std::vector<std::string> names);

/// The columns of a file whose first line, all numbers, names none.
void place_unnamed(CsvColumns& columns, const FailHeader& fail);

/// Whether a first line is a row of numbers with a word before or behind them, and which; -1: it is none.
int64_t word_of_row(const std::vector<std::string>& names, char separator);

/// The columns of a file whose first line is a row with the label, a word, at `label`.
void place_named_row(CsvColumns& columns, int64_t label, const FailHeader& fail);

/// Whether the header is a first row that pandas took for one, numbering what it repeats (0, 0.1, 0.2, ...), behind the
/// nameless index that it writes.
bool is_row_behind_index(const std::vector<std::string>& names, char separator);

}  // namespace digitrec
