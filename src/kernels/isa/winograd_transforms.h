// Winograd's minimal filtering F(2x2, 3x3): its five transforms, in one dimension and in two. With A, B, G of the paper
// (Lavin and Gray 2016, https://arxiv.org/abs/1509.09308), kernel g and input patch d, an output patch is
// y = A' [(G g G') * (B' d B)] A, the product being one by element. The constants are 0, 1 and 1/2.
#pragma once

#include "kernels/isa/vec.h"

namespace digitrec::kernels::DIGITREC_ISA::winograd {

constexpr int64_t kPlanes = 16;  ///< values of a transformed patch, 4 x 4: so many matrix products

/// B' d
DIGITREC_INLINE void input_transform(const Vec d[4], Vec v[4]) {
  v[0] = d[0] - d[2];
  v[1] = d[1] + d[2];
  v[2] = d[2] - d[1];
  v[3] = d[1] - d[3];
}
/// G g
DIGITREC_INLINE void kernel_transform(const Vec g[3], Vec u[4]) {
  const Vec even = 0.5f * (g[0] + g[2]);
  const Vec odd = 0.5f * g[1];
  u[0] = g[0];
  u[1] = even + odd;
  u[2] = even - odd;
  u[3] = g[2];
}
/// A' m
DIGITREC_INLINE void output_transform(const Vec m[4], Vec y[2]) {
  y[0] = m[0] + m[1] + m[2];
  y[1] = m[1] - m[2] - m[3];
}
/// A y: the transpose of `output_transform`, which carries gradients back.
DIGITREC_INLINE void output_transform_backward(const Vec y[2], Vec m[4]) {
  m[0] = y[0];
  m[1] = y[0] + y[1];
  m[2] = y[0] - y[1];
  m[3] = -y[1];
}
/// G' u: the transpose of `kernel_transform`.
DIGITREC_INLINE void kernel_transform_backward(const Vec u[4], Vec g[3]) {
  const Vec even = 0.5f * (u[1] + u[2]);
  g[0] = u[0] + even;
  g[1] = 0.5f * (u[1] - u[2]);
  g[2] = u[3] + even;
}

/// A transform of the columns, then of the rows: from[kFrom][kFrom] -> to[kTo][kTo], both row by row.
template <int kFrom, int kTo, class Transform>
DIGITREC_INLINE void in_two_dimensions(const Vec* from, Vec* to, Transform transform) {
  Vec half[kTo][kFrom];
#pragma GCC unroll 4
  for (int c = 0; c < kFrom; ++c) {
    Vec column[kFrom];
    Vec transformed[kTo];
#pragma GCC unroll 4
    for (int r = 0; r < kFrom; ++r) column[r] = from[r * kFrom + c];
    transform(column, transformed);
#pragma GCC unroll 4
    for (int r = 0; r < kTo; ++r) half[r][c] = transformed[r];
  }
#pragma GCC unroll 4
  for (int r = 0; r < kTo; ++r) transform(half[r], to + r * kTo);
}

}  // namespace digitrec::kernels::DIGITREC_ISA::winograd
