#pragma once

#include "data/csv_columns.h"

#include <filesystem>

namespace digitrec {

/// Finds by the rows of a file which column is the label where no name says it: the first column or the last. A label
/// takes a few values, each often; the pixel in an image's corner is nearly always background.
///
/// Throws Error where both may be the label, since the pixels would be shifted by one if it were the other, and where
/// the first column numbers the rows. Does nothing for a pipe, which is read only once.
void find_unnamed_label(const std::filesystem::path& path, CsvColumns& columns);

}  // namespace digitrec
