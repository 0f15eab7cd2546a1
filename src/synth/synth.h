#pragma once

#include "digitrec/data/dataset.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace digitrec {

/// A digit 0 to 9 as a program writes it, framed as MNIST's are; row by row, `image_size` squared, ink 255.
std::vector<uint8_t> draw_synthetic_digit(int64_t digit, int64_t image_size, uint64_t seed);

/// Draws `count` labelled digits, 28 x 28, that look handwritten: each is written with strokes in one of several
/// styles, bent, slanted, stretched and drawn with a pen of random width, then framed as MNIST's are. They replace real
/// data in tests and the quick start; a network trained on them alone reads real digits less well. The same seed gives
/// the same digits; digit number i depends on seed and i alone.
Dataset draw_synthetic_digits(int64_t count, uint64_t seed);

/// Writes train.csv, test.csv, test_labels.csv and sample_submission.csv in Kaggle's format to `folder`, which is made
/// if it is missing. The test digits share none of their random numbers with the training digits. Throws Error, before
/// drawing anything, when one of the files is there already.
void write_synthetic_data(const std::filesystem::path& folder, int64_t train, int64_t test, uint64_t seed);

}  // namespace digitrec
