#pragma once

#include "data/csv_columns.h"

#include <filesystem>

namespace digitrec {

/// Finds by the rows of a file which column is the label where no name says it.
///
/// Without any names it is the first column or the last. A label takes a few values, each often; the pixel in an
/// image's corner is nearly always background. Throws Error where both may be the label, since the pixels would be
/// shifted by one if it were the other, and where the first column numbers the rows. A column that is alone beside
/// numbered pixels is the label if it holds few whole numbers, and is left out else.
///
/// A pipe is read only once: there the first column is the label, and one beside numbered pixels is left out.
void find_unnamed_label(const std::filesystem::path& path, CsvColumns& columns);

}  // namespace digitrec
