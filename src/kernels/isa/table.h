// What each instruction set provides: plain loops over raw memory, one thread each. The files under isa/ are compiled
// once for every instruction set (see CMakeLists.txt) with flags that the rest of the program does not have, so they
// include nothing whose inline functions could be linked into code that runs anywhere, and allocate nothing.
#pragma once

#include <cstdint>

#define DIGITREC_ALWAYS_INLINE __attribute__((always_inline)) constexpr

namespace digitrec::kernels {

/// Storage of an activation. All arithmetic is in float.
enum class Type : uint8_t { f32, bf16 };

struct ConstArray {
  const void* data;
  Type type;
};
struct Array {
  void* data;
  Type type;
};

/// A 3 x 3 convolution of stride 1 over images [height, width, in] of `type`, giving [out_height, out_width, out].
struct ConvShape {
  int64_t height, width;
  int64_t in, out;
  int64_t padding;
  Type type;

  DIGITREC_ALWAYS_INLINE int64_t padded_height() const { return height + 2 * padding; }
  DIGITREC_ALWAYS_INLINE int64_t padded_width() const { return width + 2 * padding; }
  DIGITREC_ALWAYS_INLINE int64_t out_height() const { return padded_height() - 2; }
  DIGITREC_ALWAYS_INLINE int64_t out_width() const { return padded_width() - 2; }
  DIGITREC_ALWAYS_INLINE int64_t out_pixels() const { return out_height() * out_width(); }
};

/// Images [height, width, channels] side by side in memory.
struct ImageShape {
  int64_t height, width, channels;

  DIGITREC_ALWAYS_INLINE int64_t pixels() const { return height * width; }
  DIGITREC_ALWAYS_INLINE int64_t size() const { return pixels() * channels; }
  DIGITREC_ALWAYS_INLINE int64_t pooled_size() const { return (height / 2) * (width / 2) * channels; }
};

/// y = max(0, z * scale + shift) by channel, then times `mask` by image and channel (dropout of whole channels).
struct Affine {
  const float* scale;  ///< [channels]; nullptr: 1
  const float* shift;  ///< [channels]
  const float* mask;   ///< [images, channels]; nullptr: 1
  bool relu;
};

/// What batch normalisation's backward pass needs, all [channels] but mask.
struct NormBackward {
  const float* mean;
  const float* inverse_deviation;
  const float* scale;    ///< weight * inverse_deviation
  const float* shift;    ///< bias - mean * scale
  const float* mask;     ///< [images, channels]; nullptr: 1
  const float* mean_d;   ///< of the gradient behind the normalisation; second pass only
  const float* mean_dx;  ///< of that gradient times the normalised value; second pass only
};

/// Code of a 2 x 2 pooling window, one a pooled value: which of the four was largest (0 to 3, row by row), and whether
/// the ReLU let it through.
constexpr uint8_t kPoolDead = 4;

struct Table {
  const char* name;
  /// Output channels of a convolution and channels of everything else must be multiples of these.
  int64_t conv_tile;
  int64_t vector;

  /// Whether the processor multiplies bfloat16 for this convolution, at many times the speed of float32.
  bool (*uses_tiles)(const ConvShape&);

  // ---- convolutions: images `begin` to `end`; weights in an order of the kernels' own, as pack_* write them ----
  int64_t (*packed_size)(const ConvShape&);  ///< floats
  void (*pack_weights)(const ConvShape&, const float* weight, float* packed);
  /// The weights of the convolution that carries gradients back: in and out swapped, taps turned around. The shape is
  /// that of the way back, the weights lie as those of the way there.
  void (*pack_weights_backward)(const ConvShape&, const float* weight, float* packed);
  void (*unpack_weights)(const ConvShape&, const float* packed, float* weight);
  int64_t (*scratch_size)(const ConvShape&);  ///< floats that the next two need as `scratch`
  void (*convolve)(const ConvShape&, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
                   float* scratch);
  /// Adds to `packed`. dz is of the same type as x.
  void (*weight_gradient)(const ConvShape&, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                          float* scratch);

  // ---- what follows a convolution: images `begin` to `end` of arrays that hold all images ----
  void (*affine)(const ImageShape&, ConstArray z, const Affine&, Array y, int64_t begin, int64_t end);
  /// `codes` may be nullptr where no backward pass follows.
  void (*affine_pool)(const ImageShape&, ConstArray z, const Affine&, Array y, uint8_t* codes, int64_t begin,
                      int64_t end);
  /// dz = dy where y is above 0; adds the sum of dz by channel to `dshift`.
  void (*relu_backward)(const ImageShape&, ConstArray dy, ConstArray y, Array dz, float* dshift, int64_t begin,
                        int64_t end);
  /// dz = dy at the largest of each window, else 0; adds the sum of dz by channel to `dshift`.
  void (*pool_backward)(const ImageShape&, ConstArray dy, const uint8_t* codes, Array dz, float* dshift, int64_t begin,
                        int64_t end);
  /// Mean and sum of squared deviations by channel of one image.
  void (*moments)(const ImageShape&, ConstArray z, int64_t image, float* mean, float* deviations);
  /// Adds, by channel, the gradient behind the normalisation to `sum_d`, and times the normalised value to `sum_dx`.
  /// `codes`: of the pooling that followed, or nullptr.
  void (*norm_sums)(const ImageShape&, ConstArray dy, ConstArray z, const uint8_t* codes, const NormBackward&,
                    float* sum_d, float* sum_dx, int64_t begin, int64_t end);
  void (*norm_backward)(const ImageShape&, ConstArray dy, ConstArray z, const uint8_t* codes, const NormBackward&,
                        Array dz, int64_t begin, int64_t end);
};

namespace baseline {
const Table& table();
}
namespace avx2 {
const Table& table();
}
namespace avx512 {
const Table& table();
}
namespace amx {
const Table& table();
}

}  // namespace digitrec::kernels
