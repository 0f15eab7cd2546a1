#pragma once

#include "digitrec/data/dataset.h"

namespace digitrec {

/// Looks at which levels of grey the images of a table have, and says so in the reading: 8 x 8 images whose brightest
/// pixel is 16, as scikit-learn's load_digits, are scaled to 255; a white background, which MNIST's never is, is named.
void look_at_grey_levels(Dataset& dataset);

}  // namespace digitrec
