#pragma once

#include "digitrec/image/pictures.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace digitrec::cli {

/// What a picture shows, or why that is not known.
struct PictureLabel {
  std::string text{};      ///< of several digits a number, or several with spaces between them; empty: none
  double probability = 0;  ///< that all of it is right; 0 where nothing was read
  std::string error{};     ///< why there is no text; else empty
};

/// `probabilities`: float32 [digits, classes], of all pictures' digits in turn.
std::vector<PictureLabel> label_pictures(const Pictures& pictures, const at::Tensor& probabilities,
                                         const Classes& classes);

/// Takes back labels below `min_probability`, and says so in their error. Returns how many.
int64_t withhold_unsure(std::vector<PictureLabel>& labels, double min_probability);

/// CSV, a row a picture.
std::string picture_table(const std::vector<std::filesystem::path>& files, const std::vector<PictureLabel>& labels);

/// CSV, a row for each digit of each picture.
std::string picture_probabilities(const std::vector<std::filesystem::path>& files, const Pictures& pictures,
                                  const at::Tensor& probabilities, const Classes& classes);

}  // namespace digitrec::cli
