#pragma once

#include <ATen/core/Tensor.h>

namespace digitrec {

/// For each image of `second` a row of `first` that shows the same one, pixel for pixel or nearly; -1 where there
/// is none. Nearly: the two differ by at most 5% of the fainter one's ink (root of the sum of squares), as after
/// compression; or by at most 4% once one is moved by whole pixels and its ink multiplied, up to white. Two digits
/// written apart differ by more: the nearest of Kaggle's 42,000 by 12%. Both: uint8 [N, S, S] on the CPU, of the same
/// S. Returns int64 [number of images in second].
at::Tensor find_near_duplicates(const at::Tensor& first, const at::Tensor& second);

/// How many images of `second` find_near_duplicates finds in `first`.
int64_t count_near_duplicates(const at::Tensor& first, const at::Tensor& second);

}  // namespace digitrec
