#pragma once

#include <ATen/core/Tensor.h>

namespace digitrec {

/// For each image of `second` a row of `first` that shows the same one, pixel for pixel or nearly; -1 where there
/// is none. Nearly: the two differ by at most 5% of the fainter one's ink (root of the sum of squares), as after
/// compression or a change of contrast; two digits written apart differ by more (the nearest of 42,000 and 6,000 of
/// Kaggle's by 14%). Both: uint8 [N, S, S] on the CPU, of the same S. Returns int64 [number of images in second].
at::Tensor find_near_duplicates(const at::Tensor& first, const at::Tensor& second);

/// How many images of `second` find_near_duplicates finds in `first`.
int64_t count_near_duplicates(const at::Tensor& first, const at::Tensor& second);

}  // namespace digitrec
