#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace digitrec {

/// An independent 64-bit seed for stream number `stream` of `seed`: one step of SplitMix64 (Steele, Lea, Flood 2014).
/// Every random choice of a run has its own stream, so that a new one does not change the others.
constexpr uint64_t mix_seed(uint64_t seed, uint64_t stream) {
  uint64_t z = seed + 0x9E3779B97F4A7C15ULL * (stream + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// A small seeded generator whose draws are the same with every compiler and standard library, which the distributions
/// of `<random>` do not promise: split, shuffle and synthetic digits depend on it.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t bits() { return mix_seed(state_++, 0); }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform in 0 .. bound-1. The bias of the multiplication is below 2^-32 for the bounds used here.
  uint64_t below(uint64_t bound) { return static_cast<uint64_t>((static_cast<__uint128_t>(bits()) * bound) >> 64); }
  /// Normal with mean 0 and the given standard deviation (Box-Muller).
  double normal(double deviation = 1.0) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return deviation * radius * std::cos(2.0 * std::numbers::pi * uniform());
  }
  bool chance(double probability) { return uniform() < probability; }

  /// Fisher-Yates shuffle of anything indexable with size().
  template <class Sequence>
  void shuffle(Sequence& sequence) {
    for (size_t i = sequence.size(); i > 1; --i) std::swap(sequence[i - 1], sequence[below(i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace digitrec
