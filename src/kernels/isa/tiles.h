// 32 x 32 sums in the tile registers of AMX, or in plain memory, where tests run the same code on any processor.
//
// A tile holds 16 rows of 64 bytes. A product of two takes 16 x 32 values of the left one and 32 x 16 of the right one,
// those in pairs of rows. Here a left operand is [32 rows][32], and a right one [16 pairs of rows][32 columns][2].
#pragma once

#include "kernels/isa/vec.h"

#if defined(__AMX_BF16__)
#include <immintrin.h>
#endif

namespace digitrec::kernels::DIGITREC_ISA::tiles {

constexpr int64_t kSide = 32;     // rows, and columns, of the sums; values that one product adds up
constexpr int64_t kHalf = 16;     // what one tile has of them
constexpr int64_t kPairRow = 64;  // values in a row of a right operand
constexpr int64_t kOperand = kSide * kSide;

#if defined(__AMX_BF16__)

constexpr bool kAvailable = true;

/// Eight tiles of 16 rows. A constant: GCC takes the instruction to read the first 8 bytes alone, and leaves the rest of
/// a local variable unwritten.
struct alignas(64) Config {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr Config kConfig;

/// The sums live in tiles 0 to 3, row by row; 4 and 5 hold the left operand, 6 and 7 the right one. One at a time in a
/// thread.
class Sums {
 public:
  [[gnu::always_inline]] Sums() { _tile_loadconfig(&kConfig); }
  [[gnu::always_inline]] ~Sums() { _tile_release(); }
  Sums(const Sums&) = delete;
  Sums& operator=(const Sums&) = delete;

  [[gnu::always_inline]] void clear() {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  /// `stride` in floats, from one row to the next.
  [[gnu::always_inline]] void load(const float* from, int64_t stride) {
    _tile_loadd(0, from, stride * 4);
    _tile_loadd(1, from + kHalf, stride * 4);
    _tile_loadd(2, from + kHalf * stride, stride * 4);
    _tile_loadd(3, from + kHalf * stride + kHalf, stride * 4);
  }
  [[gnu::always_inline]] void store(float* to, int64_t stride) {
    _tile_stored(0, to, stride * 4);
    _tile_stored(1, to + kHalf, stride * 4);
    _tile_stored(2, to + kHalf * stride, stride * 4);
    _tile_stored(3, to + kHalf * stride + kHalf, stride * 4);
  }
  /// Adds the product of a left operand, whose rows are `stride` values apart, and a right one.
  [[gnu::always_inline]] void add_product(const bf16* left, int64_t stride, const bf16* right) {
    _tile_loadd(6, right, kPairRow * 2);
    _tile_loadd(4, left, stride * 2);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + kSide, kPairRow * 2);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + kHalf * stride, stride * 2);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  /// The same to the upper 16 rows alone.
  [[gnu::always_inline]] void add_upper_product(const bf16* left, int64_t stride, const bf16* right) {
    _tile_loadd(6, right, kPairRow * 2);
    _tile_loadd(4, left, stride * 2);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + kSide, kPairRow * 2);
    _tile_dpbf16ps(1, 4, 7);
  }
};

#else

#if defined(DIGITREC_PLAIN_TILES)
constexpr bool kAvailable = true;
#else
constexpr bool kAvailable = false;
#endif

class Sums {
 public:
  void clear() { __builtin_memset(sums_, 0, sizeof(sums_)); }
  void load(const float* from, int64_t stride) {
    for (int64_t row = 0; row < kSide; ++row) __builtin_memcpy(sums_[row], from + row * stride, sizeof(sums_[row]));
  }
  void store(float* to, int64_t stride) const {
    for (int64_t row = 0; row < kSide; ++row) __builtin_memcpy(to + row * stride, sums_[row], sizeof(sums_[row]));
  }
  void add_product(const bf16* left, int64_t stride, const bf16* right) { add_rows(kSide, left, stride, right); }
  void add_upper_product(const bf16* left, int64_t stride, const bf16* right) { add_rows(kHalf, left, stride, right); }

 private:
  void add_rows(int64_t rows, const bf16* left, int64_t stride, const bf16* right) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t k = 0; k < kSide; ++k) {
        const float factor = load_one(left + row * stride + k);
        const bf16* values = right + k / 2 * kPairRow + k % 2;
        for (int64_t column = 0; column < kSide; ++column) sums_[row][column] += factor * load_one(values + 2 * column);
      }
    }
  }

  float sums_[kSide][kSide] = {};
};

#endif

}  // namespace digitrec::kernels::DIGITREC_ISA::tiles
