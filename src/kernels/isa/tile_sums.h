// 32 x 32 sums in four AMX tiles, or in plain memory, where tests run the same code on any processor.
//
// An AMX tile is a register of 16 rows of 64 bytes. The product of two takes 16 x 32 values of the left one and 32 x 16
// of the right one, the latter in pairs of rows. Here a left operand is [32 rows][32], a right one [16 pairs of
// rows][32 columns][2], each in two AMX tiles.
#pragma once

#include "kernels/isa/preconditions.h"

#if defined(__AMX_BF16__)
#include <immintrin.h>
#endif

namespace digitrec::kernels::DIGITREC_ISA::tiled {

constexpr int64_t kSumsSide = 32;       ///< rows, and columns, of the sums; values that one product adds up
constexpr int64_t kTileSide = 16;       ///< rows, and columns of sums, of an AMX tile
constexpr int64_t kPairRowValues = 64;  ///< values in a row of a right operand: 32 pairs
constexpr int64_t kOperandValues = kSumsSide * kSumsSide;

#if defined(__AMX_BF16__)

constexpr bool kHasTiles = true;

/// Eight AMX tiles of 16 rows. A constant: GCC assumes that the instruction reads the first 8 bytes alone, and leaves
/// the rest of a local variable unwritten.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileConfig kTileConfig;

/// The sums lie in AMX tiles 0 to 3, row by row; 4 and 5 hold the left operand, 6 and 7 the right one. A thread has one
/// TileSums at a time.
class TileSums {
 public:
  [[gnu::always_inline]] TileSums() { _tile_loadconfig(&kTileConfig); }
  [[gnu::always_inline]] ~TileSums() { _tile_release(); }
  TileSums(const TileSums&) = delete;
  TileSums& operator=(const TileSums&) = delete;

  [[gnu::always_inline]] void clear() {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  /// `stride`: floats from one row to the next.
  [[gnu::always_inline]] void load(const float* from, int64_t stride) {
    assert(is_floats(from) && stride >= kSumsSide);
    _tile_loadd(0, from, stride * 4);
    _tile_loadd(1, from + kTileSide, stride * 4);
    _tile_loadd(2, from + kTileSide * stride, stride * 4);
    _tile_loadd(3, from + kTileSide * stride + kTileSide, stride * 4);
  }
  [[gnu::always_inline]] void store(float* to, int64_t stride) {
    assert(is_floats(to) && stride >= kSumsSide);
    _tile_stored(0, to, stride * 4);
    _tile_stored(1, to + kTileSide, stride * 4);
    _tile_stored(2, to + kTileSide * stride, stride * 4);
    _tile_stored(3, to + kTileSide * stride + kTileSide, stride * 4);
  }
  /// Adds the product of a left operand, `stride` values from row to row, and a right one.
  [[gnu::always_inline]] void add_product(const bf16* left, int64_t stride, const bf16* right) {
    assert(left != nullptr && right != nullptr && stride >= kSumsSide);
    _tile_loadd(6, right, kPairRowValues * 2);
    _tile_loadd(4, left, stride * 2);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + kSumsSide, kPairRowValues * 2);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + kTileSide * stride, stride * 2);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  /// The same for the upper 16 rows alone.
  [[gnu::always_inline]] void add_upper_product(const bf16* left, int64_t stride, const bf16* right) {
    assert(left != nullptr && right != nullptr && stride >= kSumsSide);
    _tile_loadd(6, right, kPairRowValues * 2);
    _tile_loadd(4, left, stride * 2);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + kSumsSide, kPairRowValues * 2);
    _tile_dpbf16ps(1, 4, 7);
  }
};

#else

#if defined(DIGITREC_PLAIN_TILES)
constexpr bool kHasTiles = true;
#else
constexpr bool kHasTiles = false;
#endif

class TileSums {
 public:
  void clear() { __builtin_memset(sums_, 0, sizeof(sums_)); }
  void load(const float* from, int64_t stride) {
    assert(is_floats(from) && stride >= kSumsSide);
    for (int64_t row = 0; row < kSumsSide; ++row) __builtin_memcpy(sums_[row], from + row * stride, sizeof(sums_[row]));
  }
  void store(float* to, int64_t stride) const {
    assert(is_floats(to) && stride >= kSumsSide);
    for (int64_t row = 0; row < kSumsSide; ++row) __builtin_memcpy(to + row * stride, sums_[row], sizeof(sums_[row]));
  }
  void add_product(const bf16* left, int64_t stride, const bf16* right) {
    assert(left != nullptr && right != nullptr && stride >= kSumsSide);
    add_rows(kSumsSide, left, stride, right);
  }
  void add_upper_product(const bf16* left, int64_t stride, const bf16* right) {
    assert(left != nullptr && right != nullptr && stride >= kSumsSide);
    add_rows(kTileSide, left, stride, right);
  }

 private:
  void add_rows(int64_t rows, const bf16* left, int64_t stride, const bf16* right) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t k = 0; k < kSumsSide; ++k) {
        const float factor = load_one(left + row * stride + k);
        const bf16* values = right + k / 2 * kPairRowValues + k % 2;
        for (int64_t column = 0; column < kSumsSide; ++column)
          sums_[row][column] += factor * load_one(values + 2 * column);
      }
    }
  }

  float sums_[kSumsSide][kSumsSide] = {};
};

#endif

}  // namespace digitrec::kernels::DIGITREC_ISA::tiled
