#pragma once

#include "digitrec/data/source.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// What people call arrays of images, and those with their labels.
struct ArrayNames {
  std::string_view images;
  std::string_view labels;
};

/// An archive's names of its images and of their labels, each empty when it is not there.
struct NpzArrays {
  std::string images{};
  std::string labels{};
};

/// The shape of the array of a name, rows first.
using ShapeOf = std::function<std::vector<int64_t>(const std::string& name)>;

/// Which of a .npz's arrays are the images for a purpose, and which their labels: by their names (x_train with y_train,
/// arr_0 with arr_1), or else by their shapes.
NpzArrays find_npz_arrays(const std::vector<std::string>& names, Purpose purpose, const ShapeOf& shape_of);

/// Whether they are two data sets, one to train on and one to test on.
bool has_two_parts(const std::vector<std::string>& names);

}  // namespace digitrec
