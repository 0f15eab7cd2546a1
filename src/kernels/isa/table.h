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

/// A 3 x 3 convolution of stride 1 over images [height, width, in] of `type` with `padding` pixels of zeros on each
/// side, giving [out_height, out_width, out].
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

/// y = relu(z * scale + shift) * dropout_mask, by channel.
struct Affine {
  const float* scale;         ///< [channels]; nullptr: 1
  const float* shift;         ///< [channels]
  const float* dropout_mask;  ///< of whole channels, [images, channels]; nullptr: 1
  bool relu;                  ///< false: y is not cut off at 0
};

/// What batch normalisation's backward pass needs, all [channels] but the dropout mask.
struct NormBackward {
  const float* mean;
  const float* inverse_deviation;
  const float* scale;         ///< weight * inverse_deviation
  const float* shift;         ///< bias - mean * scale
  const float* dropout_mask;  ///< [images, channels]; nullptr: 1
  const float* mean_dy;       ///< of the gradient behind the normalisation; nullptr in the first pass
  const float* mean_dy_xhat;  ///< of that gradient times the normalised value; nullptr in the first pass
};

/// A fully connected layer: x [rows, in], weight [out, in], y [rows, out].
struct LinearShape {
  int64_t rows, in, out;
};

/// Some rows and columns of y.
struct LinearPart {
  int64_t row_begin, row_end;
  int64_t out_begin, out_end;
};

/// A step of Adam (Kingma and Ba 2014), what does not depend on the element worked out. One of `weight_decay` and
/// `shrink` decays the weights: Adam's adds to the gradient, AdamW's (Loshchilov and Hutter 2017) scales the parameter.
struct AdamStep {
  float beta2, epsilon;
  float one_minus_beta1, one_minus_beta2;  ///< from double: 1 - 0.999f is off by 5 in 100,000
  float rate;                              ///< divided by 1 - beta1^t
  float inverse_root_correction;           ///< 1 / sqrt(1 - beta2^t)
  float weight_decay;                      ///< 0 for AdamW
  float shrink;                            ///< 1 - rate * decay for AdamW, else 1
};

/// A pooled value's code, one byte: which of the window's four values was the largest (0 to 3, row by row), plus
/// kPoolDead where the ReLU cut it off.
constexpr uint8_t kPoolDead = 4;

/// The kernels of one instruction set. docs/kernels.md says what they compute and how memory is laid out.
///
/// All of them: pointers are not null unless a comment allows it; 0 <= begin <= end; images lie [image, height, width,
/// channel]; arrays hold all images, and a kernel reads and writes those from `begin` to `end` alone; outputs do not
/// overlap inputs. The dev preset asserts this.
struct Table {
  const char* name;
  int64_t block_channels;  ///< a convolution's channels are multiples of it, but its input may also have 1
  int64_t lanes;           ///< channels of everything else are multiples of it

  // ---- 3 x 3 convolutions: `weight` is float [out, 3, 3, in], `packed` has an order of each method's own ----

  /// Whether the tiled method takes this convolution: the processor multiplies bfloat16, many times as fast as float32.
  bool (*uses_tiles)(const ConvShape&);
  /// Floats of `packed`.
  int64_t (*packed_size)(const ConvShape&);
  void (*pack_weights)(const ConvShape&, const float* weight, float* packed);
  /// The weights of the convolution that carries gradients back: in and out swapped, taps in reverse order. The shape
  /// is that of the way back; `weight` lies as on the way there, [in, 3, 3, out] in the shape's words.
  void (*pack_weights_backward)(const ConvShape&, const float* weight, float* packed);
  /// A sum that weight_gradient has made, as a gradient [out, 3, 3, in].
  void (*unpack_weights)(const ConvShape&, const float* packed, float* weight);
  /// Floats of `scratch`, which begins at a cache line (64 bytes). What it holds does not matter.
  int64_t (*scratch_size)(const ConvShape&);
  /// x is of the shape's type, z of any; `packed` begins at a cache line.
  void (*convolve)(const ConvShape&, ConstArray x, const float* packed, Array z, int64_t begin, int64_t end,
                   float* scratch);
  /// Adds to `packed`. x is of the shape's type; dz is of it too, or bfloat16: a first layer's images are float32.
  void (*weight_gradient)(const ConvShape&, ConstArray x, ConstArray dz, float* packed, int64_t begin, int64_t end,
                          float* scratch);

  // ---- what follows a convolution: z, y and their gradients are of one type; sums are float [channels] ----

  void (*affine)(const ImageShape&, ConstArray z, const Affine&, Array y, int64_t begin, int64_t end);
  /// With 2 x 2 maxima before the ReLU. `codes` may be nullptr where no backward pass follows.
  void (*affine_pool)(const ImageShape&, ConstArray z, const Affine&, Array y, uint8_t* codes, int64_t begin,
                      int64_t end);
  /// dz = dy where y is above 0, else 0; adds the sum of dz by channel to `dshift`.
  void (*relu_backward)(const ImageShape&, ConstArray dy, ConstArray y, Array dz, float* dshift, int64_t begin,
                        int64_t end);
  /// dz = dy at the largest of each window, else 0; adds the sum of dz by channel to `dshift`. The shape is dz's.
  void (*pool_backward)(const ImageShape&, ConstArray dy, const uint8_t* codes, Array dz, float* dshift, int64_t begin,
                        int64_t end);
  /// Mean and sum of squared deviations by channel of one image.
  void (*moments)(const ImageShape&, ConstArray z, int64_t image, float* mean, float* squared_deviations);
  /// First pass back through batch normalisation: adds, by channel, the gradient behind the normalisation to `sum_dy`,
  /// and that times the normalised value to `sum_dy_xhat`. `codes`: of the pooling that followed, or nullptr.
  void (*norm_sums)(const ImageShape&, ConstArray dy, ConstArray z, const uint8_t* codes, const NormBackward&,
                    float* sum_dy, float* sum_dy_xhat, int64_t begin, int64_t end);
  /// Second pass: dz.
  void (*norm_backward)(const ImageShape&, ConstArray dy, ConstArray z, const uint8_t* codes, const NormBackward&,
                        Array dz, int64_t begin, int64_t end);

  // ---- fully connected layers, float32 without gaps ----

  /// y = x W^T + b, cut off at 0 where `relu`; `part` of it is written. A value does not depend on the rest of the
  /// part.
  void (*linear)(const LinearShape&, const float* x, const float* weight, const float* bias, bool relu, float* y,
                 const LinearPart& part);
  /// Floats of `scratch`, which begins at a cache line.
  int64_t (*linear_scratch_size)(const LinearShape&);
  /// Rows `begin` to `end` of dweight = dz^T x, each of which is an output's.
  void (*linear_weight_gradient)(const LinearShape&, const float* x, const float* dz, float* dweight, int64_t begin,
                                 int64_t end, float* scratch);
  /// Columns `begin` to `end` of dx = dz W; `begin` is a multiple of `block_channels`.
  void (*linear_input_gradient)(const LinearShape&, const float* weight, const float* dz, float* dx, int64_t begin,
                                int64_t end, float* scratch);

  // ---- the optimizer ----

  /// Moves `size` parameters and their moments; the four arrays lie apart.
  void (*adam)(const AdamStep&, float* parameter, const float* gradient, float* first, float* second, int64_t size);
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
