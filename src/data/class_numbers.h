#pragma once

#include "digitrec/data/dataset.h"

#include <filesystem>

namespace digitrec {

/// Numbers the classes of a data set 0, 1, 2, ... where its labels, as a file has them, do not: they begin at 1, or
/// some in between occur nowhere. A class is only missing where there are ten rows for each that there should be; in
/// fewer, it may be chance.
void number_classes(Dataset& dataset);

/// Gives the classes the names in a text file: one a line, in the order of the labels, or with the label before it. As
/// EMNIST's mappings, a line may also be a label with the codes of its characters ("1 65 97"). Throws Error.
void name_classes(Dataset& dataset, const std::filesystem::path& names);

/// The mapping of EMNIST beside one of its files: emnist-letters-mapping.txt; empty when there is none.
std::filesystem::path find_mapping(const std::filesystem::path& file);

}  // namespace digitrec
