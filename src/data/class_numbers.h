#pragma once

#include "digitrec/data/dataset.h"

#include <filesystem>

namespace digitrec {

/// Numbers the classes of a data set 0, 1, 2, ... where its labels, as a file has them, do not: they begin at 1, or
/// some in between occur nowhere. A class is only missing where there are ten rows for each that there should be; in
/// fewer, it may be chance.
void number_classes(Dataset& dataset);

/// Gives the classes the names in a text file (see read_class_names()): by the labels in it, or in the order of the
/// labels. Throws Error, also for more names without labels than classes where each has many rows: a name too many
/// would shift the others.
void name_classes(Dataset& dataset, const std::filesystem::path& path);

/// The mapping of EMNIST beside one of its files: emnist-letters-mapping.txt; empty when there is none.
std::filesystem::path find_mapping(const std::filesystem::path& file);

}  // namespace digitrec
