// Compares every kernel of one table with plain loops in double precision. Needs neither LibTorch nor GoogleTest, so
// that it can be compiled for a processor that neither is at hand for: scripts/check/arm64.sh.
#include "kernels/isa/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace digitrec::kernels {

namespace plain_tiles {
const Table& table();
}

namespace {

using Doubles = std::vector<double>;

int failures = 0;

/// Prints and counts it where `ours` is further off than `tolerance` times max(1, |expected|).
void expect_close(const std::string& what, const Doubles& ours, const Doubles& expected, double tolerance) {
  double worst = ours.size() == expected.size() ? 0 : std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < std::min(ours.size(), expected.size()); ++i) {
    const double error = std::abs(ours[i] - expected[i]) / std::max(1.0, std::abs(expected[i]));
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  const bool is_close = worst <= tolerance;
  std::printf("%-6s %-64s off by at most %.1e of %.1e\n", is_close ? "ok" : "FAILED", what.c_str(), worst, tolerance);
  if (!is_close) ++failures;
}

double uniform() {
  static std::mt19937 generator(1);
  return std::uniform_real_distribution<double>(-1, 1)(generator);
}

float from_bf16(uint16_t half) {
  const uint32_t bits = uint32_t{half} << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Ties to even.
uint16_t to_bf16(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

/// Values of one type, from the start of a cache line, with a few behind them that no kernel may touch.
class Memory {
 public:
  Memory(size_t size, Type type) : size_(size), type_(type), bytes_(bytes_of(size + kGuard)) {
    std::memset(bytes_, 0x5a, (size + kGuard) * width());
    for (size_t i = 0; i < size; ++i) set(i, 0);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    for (size_t i = size_ * width(); i < (size_ + kGuard) * width(); ++i) {
      if (bytes_[i] == 0x5a) continue;
      std::printf("FAILED a kernel wrote behind its memory\n");
      ++failures;
      break;
    }
    std::free(bytes_);
  }

  void fill_random() {
    for (size_t i = 0; i < size_; ++i) set(i, static_cast<float>(uniform()));
  }
  void set(size_t i, float value) {
    if (type_ == Type::f32) {
      floats()[i] = value;
    } else {
      reinterpret_cast<uint16_t*>(bytes_)[i] = to_bf16(value);
    }
  }
  double at(size_t i) const {
    return type_ == Type::f32 ? reinterpret_cast<const float*>(bytes_)[i]
                              : from_bf16(reinterpret_cast<const uint16_t*>(bytes_)[i]);
  }
  Doubles values() const {
    Doubles values(size_);
    for (size_t i = 0; i < size_; ++i) values[i] = at(i);
    return values;
  }
  float* floats() { return reinterpret_cast<float*>(bytes_); }
  Array array() { return {bytes_, type_}; }
  ConstArray const_array() const { return {bytes_, type_}; }

 private:
  static constexpr size_t kGuard = 16;
  size_t width() const { return type_ == Type::f32 ? 4 : 2; }
  unsigned char* bytes_of(size_t size) const {
    void* bytes = std::aligned_alloc(64, (size * width() + 63) / 64 * 64);
    if (bytes == nullptr) throw std::bad_alloc();
    return static_cast<unsigned char*>(bytes);
  }

  size_t size_;
  Type type_;
  unsigned char* bytes_;
};

/// What a sum of `terms` may be off by in float32; one rounding more in bfloat16.
double tolerance_of(Type type, int64_t terms = 10) {
  return type == Type::f32 ? 1e-7 * static_cast<double>(std::max<int64_t>(terms, 10)) : 1.0 / 256;
}
const char* name_of(Type type) { return type == Type::f32 ? "float32" : "bfloat16"; }

// ---- convolutions ----

struct ConvCase {
  int64_t images, in, out, height, width, padding;
};

/// Calls `body(output pixel, weight's place, padded input's place)` for all products of one image; -1 in the border.
void for_products(const ConvShape& s, const std::function<void(int64_t, int64_t, int64_t)>& body) {
  for (int64_t h = 0; h < s.out_height(); ++h) {
    for (int64_t w = 0; w < s.out_width(); ++w) {
      for (int64_t tap = 0; tap < 9; ++tap) {
        const int64_t row = h + tap / 3 - s.padding;
        const int64_t column = w + tap % 3 - s.padding;
        const bool is_inside = 0 <= row && row < s.height && 0 <= column && column < s.width;
        if (is_inside) body(h * s.out_width() + w, tap, row * s.width + column);
      }
    }
  }
}

void check_convolution(const Table& table, const ConvCase& c, Type type) {
  const ConvShape shape{
      .height = c.height, .width = c.width, .in = c.in, .out = c.out, .padding = c.padding, .type = type};
  const ConvShape back{.height = shape.out_height(),
                       .width = shape.out_width(),
                       .in = c.out,
                       .out = c.in,
                       .padding = 2 - c.padding,
                       .type = type};
  const std::string name = std::to_string(c.in) + " to " + std::to_string(c.out) + " channels of " +
                           std::to_string(c.height) + " x " + std::to_string(c.width) + ", padding " +
                           std::to_string(c.padding) + ", " + name_of(type);
  const int64_t pixels = c.height * c.width;
  const int64_t out_pixels = shape.out_pixels();
  Memory x(c.images * pixels * c.in, type);
  Memory weight(c.out * 9 * c.in, Type::f32);
  Memory dz(c.images * out_pixels * c.out, type);
  x.fill_random();
  dz.fill_random();
  for (int64_t i = 0; i < c.out * 9 * c.in; ++i) weight.set(i, from_bf16(to_bf16(static_cast<float>(uniform()))));

  Doubles expected_z(c.images * out_pixels * c.out);
  Doubles expected_dx(c.images * pixels * c.in);
  Doubles expected_dw(c.out * 9 * c.in);
  for (int64_t n = 0; n < c.images; ++n) {
    for_products(shape, [&](int64_t out_pixel, int64_t tap, int64_t pixel) {
      for (int64_t o = 0; o < c.out; ++o) {
        const int64_t zi = (n * out_pixels + out_pixel) * c.out + o;
        for (int64_t i = 0; i < c.in; ++i) {
          const int64_t xi = (n * pixels + pixel) * c.in + i;
          const int64_t wi = (o * 9 + tap) * c.in + i;
          expected_z[zi] += x.at(xi) * weight.at(wi);
          expected_dx[xi] += dz.at(zi) * weight.at(wi);
          expected_dw[wi] += dz.at(zi) * x.at(xi);
        }
      }
    });
  }

  const auto convolve = [&](const ConvShape& s, auto pack, const Memory& from, Memory& to) {
    Memory packed(table.packed_size(s), Type::f32);
    Memory scratch(table.scratch_size(s), Type::f32);
    pack(s, weight.floats(), packed.floats());
    table.convolve(s, from.const_array(), packed.floats(), to.array(), 0, c.images, scratch.floats());
  };
  Memory z(expected_z.size(), type);
  convolve(shape, table.pack_weights, x, z);
  expect_close("convolve: " + name, z.values(), expected_z, tolerance_of(type, 9 * c.in));
  if (c.in > 1) {
    Memory dx(expected_dx.size(), type);
    convolve(back, table.pack_weights_backward, dz, dx);
    expect_close("convolve backwards: " + name, dx.values(), expected_dx, tolerance_of(type, 9 * c.out));
  }
  Memory packed(table.packed_size(shape), Type::f32);
  Memory scratch(table.scratch_size(shape), Type::f32);
  Memory dw(expected_dw.size(), Type::f32);
  table.weight_gradient(shape, x.const_array(), dz.const_array(), packed.floats(), 0, c.images, scratch.floats());
  table.unpack_weights(shape, packed.floats(), dw.floats());
  expect_close("weight_gradient: " + name, dw.values(), expected_dw, tolerance_of(Type::f32, c.images * out_pixels));
}

// ---- what follows a convolution ----

constexpr int64_t kImages = 3;

/// The largest of a window, and which of the four it is.
struct Largest {
  double value;
  int64_t corner;
};

Largest largest_of(const ImageShape& shape, int64_t h, int64_t w, int64_t c, const std::function<double(int64_t)>& at) {
  Largest best{-std::numeric_limits<double>::infinity(), 0};
  for (int64_t corner = 0; corner < 4; ++corner) {
    const int64_t place = ((2 * h + corner / 2) * shape.width + 2 * w + corner % 2) * shape.channels + c;
    if (at(place) > best.value) best = {at(place), corner};
  }
  return best;
}

/// The gradient of all images before their pooling.
Doubles through_pool(const ImageShape& shape, const Memory& dpool, const std::vector<uint8_t>& codes) {
  const int64_t channels = shape.channels;
  const int64_t pooled = shape.pooled_size();
  Doubles through(kImages * shape.size());
  for (int64_t i = 0; i < kImages * pooled; ++i) {
    if (codes[i] >= kPoolDead) continue;
    const int64_t window = i % pooled / channels;
    const int64_t row = 2 * (window / (shape.width / 2)) + codes[i] / 2;
    const int64_t column = 2 * (window % (shape.width / 2)) + codes[i] % 2;
    through[i / pooled * shape.size() + (row * shape.width + column) * channels + i % channels] = dpool.at(i);
  }
  return through;
}

Doubles sum_by_channel(const Doubles& values, int64_t channels) {
  Doubles sums(channels);
  for (size_t i = 0; i < values.size(); ++i) sums[i % channels] += values[i];
  return sums;
}

void check_epilogue(const Table& table, const ImageShape& shape, Type type) {
  const std::string name = std::to_string(shape.height) + " x " + std::to_string(shape.width) + ", " + name_of(type);
  const int64_t channels = shape.channels;
  const int64_t size = shape.size();
  Memory z(kImages * size, type);
  Memory scale(channels, Type::f32);
  Memory shift(channels, Type::f32);
  Memory mask(kImages * channels, Type::f32);
  for (Memory* memory : {&z, &scale, &shift}) memory->fill_random();
  for (int64_t i = 0; i < kImages * channels; ++i) mask.set(i, i % 3 == 0 ? 0.0F : 1.25F);
  const Affine affine{.scale = scale.floats(), .shift = shift.floats(), .dropout_mask = mask.floats(), .relu = true};

  Doubles expected(kImages * size);
  for (int64_t i = 0; i < kImages * size; ++i) {
    const int64_t c = i % channels;
    expected[i] = std::max(0.0, z.at(i) * scale.at(c) + shift.at(c)) * mask.at(i / size * channels + c);
  }
  Memory y(kImages * size, type);
  table.affine(shape, z.const_array(), affine, y.array(), 0, kImages);
  expect_close("affine: " + name, y.values(), expected, tolerance_of(type));

  const int64_t pooled = shape.pooled_size();
  Doubles expected_pool(kImages * pooled);
  Doubles expected_codes(kImages * pooled);
  for (int64_t i = 0; i < kImages * pooled; ++i) {
    const int64_t n = i / pooled;
    const int64_t c = i % channels;
    const int64_t window = i % pooled / channels;
    const Largest best =
        largest_of(shape, window / (shape.width / 2), window % (shape.width / 2), c, [&](int64_t place) {
          return static_cast<double>(static_cast<float>(z.at(n * size + place) * scale.at(c) + shift.at(c)));
        });
    expected_pool[i] = std::max(0.0, best.value) * mask.at(n * channels + c);
    expected_codes[i] = static_cast<double>(best.corner + (best.value <= 0 ? kPoolDead : 0));
  }
  Memory pool(kImages * pooled, type);
  std::vector<uint8_t> codes(kImages * pooled);
  table.affine_pool(shape, z.const_array(), affine, pool.array(), codes.data(), 0, kImages);
  expect_close("affine_pool: " + name, pool.values(), expected_pool, tolerance_of(type));
  expect_close("affine_pool's codes: " + name, Doubles(codes.begin(), codes.end()), expected_codes, 0);

  Memory dy(kImages * size, type);
  dy.fill_random();
  Doubles expected_dz(kImages * size);
  for (int64_t i = 0; i < kImages * size; ++i) expected_dz[i] = y.at(i) > 0 ? dy.at(i) : 0;
  Memory dz(kImages * size, type);
  Memory sum(channels, Type::f32);
  table.relu_backward(shape, dy.const_array(), y.const_array(), dz.array(), sum.floats(), 0, kImages);
  expect_close("relu_backward: " + name, dz.values(), expected_dz, 0);
  expect_close("relu_backward's sum: " + name, sum.values(), sum_by_channel(expected_dz, channels), 1e-5);

  Memory dpool(kImages * pooled, type);
  dpool.fill_random();
  expected_dz = through_pool(shape, dpool, codes);
  Memory dz_of_pool(kImages * size, type);
  Memory sum_of_pool(channels, Type::f32);
  table.pool_backward(shape, dpool.const_array(), codes.data(), dz_of_pool.array(), sum_of_pool.floats(), 0, kImages);
  expect_close("pool_backward: " + name, dz_of_pool.values(), expected_dz, 0);
  expect_close("pool_backward's sum: " + name, sum_of_pool.values(), sum_by_channel(expected_dz, channels), 1e-5);
}

// ---- batch normalisation ----

void check_norm(const Table& table, const ImageShape& shape, Type type, bool pools) {
  const std::string name = std::to_string(shape.height) + " x " + std::to_string(shape.width) + ", " + name_of(type) +
                           (pools ? ", pooled" : "");
  const int64_t channels = shape.channels;
  const int64_t size = shape.size();
  const int64_t dy_size = pools ? shape.pooled_size() : size;
  Memory z(kImages * size, type);
  z.fill_random();
  Doubles expected_mean(channels);
  Doubles expected_squares(channels);
  for (int64_t i = 0; i < size; ++i)
    expected_mean[i % channels] += z.at(size + i) / static_cast<double>(shape.pixels());
  for (int64_t i = 0; i < size; ++i) {
    expected_squares[i % channels] += std::pow(z.at(size + i) - expected_mean[i % channels], 2);
  }
  Memory mean(channels, Type::f32);
  Memory squares(channels, Type::f32);
  table.moments(shape, z.const_array(), 1, mean.floats(), squares.floats());
  expect_close("moments' mean: " + name, mean.values(), expected_mean, 1e-6);
  expect_close("moments' squared deviations: " + name, squares.values(), expected_squares, 1e-5);

  Memory scale(channels, Type::f32);
  Memory shift(channels, Type::f32);
  Memory inverse(channels, Type::f32);
  Memory mean_dy(channels, Type::f32);
  Memory mean_dy_xhat(channels, Type::f32);
  Memory dy(kImages * dy_size, type);
  for (Memory* memory : {&scale, &shift, &mean_dy, &mean_dy_xhat, &dy}) memory->fill_random();
  for (int64_t c = 0; c < channels; ++c) inverse.set(c, 1.5F + static_cast<float>(c % 4));
  std::vector<uint8_t> codes(kImages * shape.pooled_size());
  if (pools) {
    Memory y(kImages * shape.pooled_size(), type);
    table.affine_pool(shape, z.const_array(),
                      {.scale = scale.floats(), .shift = shift.floats(), .dropout_mask = nullptr, .relu = true},
                      y.array(), codes.data(), 0, kImages);
  }
  NormBackward norm{.mean = mean.floats(),
                    .inverse_deviation = inverse.floats(),
                    .scale = scale.floats(),
                    .shift = shift.floats(),
                    .dropout_mask = nullptr,
                    .mean_dy = nullptr,
                    .mean_dy_xhat = nullptr};

  Doubles through(kImages * size);  // the gradient behind the normalisation
  if (pools) {
    through = through_pool(shape, dy, codes);
  } else {
    for (int64_t i = 0; i < kImages * size; ++i) {
      const int64_t c = i % channels;
      if (z.at(i) * scale.at(c) + shift.at(c) > 0) through[i] = dy.at(i);
    }
  }
  Doubles expected_product(channels);
  Doubles expected_dz(kImages * size);
  for (int64_t i = 0; i < kImages * size; ++i) {
    const int64_t c = i % channels;
    const double xhat = (z.at(i) - mean.at(c)) * inverse.at(c);
    expected_product[c] += through[i] * xhat;
    expected_dz[i] = scale.at(c) * (through[i] - mean_dy.at(c) - xhat * mean_dy_xhat.at(c));
  }
  const uint8_t* codes_or_null = pools ? codes.data() : nullptr;
  Memory sum(channels, Type::f32);
  Memory product(channels, Type::f32);
  table.norm_sums(shape, dy.const_array(), z.const_array(), codes_or_null, norm, sum.floats(), product.floats(), 0,
                  kImages);
  expect_close("norm_sums' gradient: " + name, sum.values(), sum_by_channel(through, channels), 1e-5);
  expect_close("norm_sums' product: " + name, product.values(), expected_product, 1e-5);
  norm.mean_dy = mean_dy.floats();
  norm.mean_dy_xhat = mean_dy_xhat.floats();
  Memory dz(kImages * size, type);
  table.norm_backward(shape, dy.const_array(), z.const_array(), codes_or_null, norm, dz.array(), 0, kImages);
  expect_close("norm_backward: " + name, dz.values(), expected_dz, tolerance_of(type));
}

// ---- fully connected layers, Adam ----

void check_linear(const Table& table, const LinearShape& s) {
  const std::string name =
      std::to_string(s.rows) + " rows, " + std::to_string(s.in) + " to " + std::to_string(s.out) + " features";
  Memory x(s.rows * s.in, Type::f32);
  Memory weight(s.out * s.in, Type::f32);
  Memory bias(s.out, Type::f32);
  Memory dz(s.rows * s.out, Type::f32);
  for (Memory* memory : {&x, &weight, &bias, &dz}) memory->fill_random();
  Doubles expected_y(s.rows * s.out);
  Doubles expected_dw(s.out * s.in);
  Doubles expected_dx(s.rows * s.in);
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t o = 0; o < s.out; ++o) {
      double sum = bias.at(o);
      for (int64_t i = 0; i < s.in; ++i) {
        sum += x.at(r * s.in + i) * weight.at(o * s.in + i);
        expected_dw[o * s.in + i] += dz.at(r * s.out + o) * x.at(r * s.in + i);
        expected_dx[r * s.in + i] += dz.at(r * s.out + o) * weight.at(o * s.in + i);
      }
      expected_y[r * s.out + o] = std::max(0.0, sum);
    }
  }
  Memory y(s.rows * s.out, Type::f32);
  table.linear(s, x.floats(), weight.floats(), bias.floats(), true, y.floats(),
               {.row_begin = 0, .row_end = s.rows, .out_begin = 0, .out_end = s.out});
  expect_close("linear: " + name, y.values(), expected_y, 1e-5);
  Memory scratch(table.linear_scratch_size(s), Type::f32);
  Memory dw(s.out * s.in, Type::f32);
  table.linear_weight_gradient(s, x.floats(), dz.floats(), dw.floats(), 0, s.out, scratch.floats());
  expect_close("linear_weight_gradient: " + name, dw.values(), expected_dw, 1e-5);
  Memory dx(s.rows * s.in, Type::f32);
  table.linear_input_gradient(s, weight.floats(), dz.floats(), dx.floats(), 0, s.in, scratch.floats());
  expect_close("linear_input_gradient: " + name, dx.values(), expected_dx, 1e-5);
}

void check_adam(const Table& table) {
  constexpr int64_t kSize = 37;
  const AdamStep step{.beta2 = 0.999F,
                      .epsilon = 1e-8F,
                      .one_minus_beta1 = 0.1F,
                      .one_minus_beta2 = 0.001F,
                      .rate = 0.01F,
                      .inverse_root_correction = 3.0F,
                      .weight_decay = 0.02F,
                      .shrink = 0.99F};
  Memory w(kSize, Type::f32);
  Memory g(kSize, Type::f32);
  Memory m(kSize, Type::f32);
  Memory v(kSize, Type::f32);
  for (Memory* memory : {&w, &g, &m}) memory->fill_random();
  for (int64_t i = 0; i < kSize; ++i) v.set(i, static_cast<float>(std::abs(uniform())));
  Doubles expected(kSize);
  for (int64_t i = 0; i < kSize; ++i) {
    const double decayed = g.at(i) + step.weight_decay * w.at(i);
    const double first = m.at(i) + step.one_minus_beta1 * (decayed - m.at(i));
    const double second = step.beta2 * v.at(i) + step.one_minus_beta2 * decayed * decayed;
    expected[i] =
        w.at(i) * step.shrink - step.rate * first / (std::sqrt(second) * step.inverse_root_correction + step.epsilon);
  }
  table.adam(step, w.floats(), g.floats(), m.floats(), v.floats(), kSize);
  expect_close("adam", w.values(), expected, 1e-6);
}

void check_table(const Table& table) {
  std::printf("table %s\n", table.name);
  // Odd sizes, fewer pixels than a register block, one channel, borders of both kinds, many patches; each method.
  const ConvCase convolutions[] = {{3, 1, 32, 28, 28, 1}, {2, 1, 64, 9, 7, 0},   {3, 32, 64, 13, 13, 0},
                                   {2, 64, 32, 7, 5, 1},  {1, 32, 32, 3, 3, 0},  {5, 32, 96, 4, 3, 1},
                                   {2, 64, 128, 1, 1, 1}, {3, 96, 64, 14, 15, 1}};
  for (const Type type : {Type::f32, Type::bf16}) {
    for (const ConvCase& c : convolutions) check_convolution(table, c, type);
    for (const ImageShape& shape : {ImageShape{6, 8, 32}, ImageShape{7, 5, 64}}) {
      check_epilogue(table, shape, type);
      for (const bool pools : {false, true}) check_norm(table, shape, type, pools);
    }
  }
  for (const LinearShape& shape : {LinearShape{64, 784, 128}, LinearShape{33, 100, 77}, LinearShape{1, 5, 1}}) {
    check_linear(table, shape);
  }
  check_adam(table);
}

}  // namespace
}  // namespace digitrec::kernels

int main() {
  digitrec::kernels::check_table(digitrec::kernels::baseline::table());
  digitrec::kernels::check_table(digitrec::kernels::plain_tiles::table());
  std::printf("%d failed\n", digitrec::kernels::failures);
  return digitrec::kernels::failures == 0 ? 0 : 1;
}
