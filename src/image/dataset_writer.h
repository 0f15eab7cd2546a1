#pragma once

#include "digitrec/data/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// Writes a data set in the format that the name says, and returns the files: .csv or .csv.gz; .npz with x_train and
/// y_train; .npy and IDX (a name with "images", and "idx" or "ubyte") with the labels in a second file; a folder, where
/// the name has no ending, that is new or empty, with a PNG picture for each row in a folder for each class; stdout, as
/// CSV. What is known of the classes beside their numbers goes into a file of names where the format has no place for
/// it. Each file appears whole or not at all. Throws Error.
std::vector<std::filesystem::path> write_dataset(const std::filesystem::path& out, const Dataset& dataset);

/// The files that write_dataset may write for the name, if they hold labels and names; of a folder, the folder.
std::vector<std::filesystem::path> dataset_files(const std::filesystem::path& out);

}  // namespace digitrec
