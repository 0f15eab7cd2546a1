// What this machine can do at most, to hold speeds against: float32 multiply-adds in registers, and a sum of two large
// arrays (two read, one written). scripts/measure/roofline.sh compiles it for the machine it runs on.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#else
constexpr int kWidth = 8;
#endif
typedef float Vec __attribute__((vector_size(kWidth * 4)));

// A product needs four cycles and two start in each: twelve chains keep the units busy.
constexpr int kChains = 12;

static double on_threads(int threads, const std::function<void(int)>& work) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t) pool.emplace_back(work, t);
  for (std::thread& thread : pool) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

static volatile float sink;

static void multiply_add(long rounds, float first) {
  Vec sums[kChains];
  for (Vec& sum : sums) sum = Vec{} + ++first;  // all different, or the compiler would compute one chain for twelve
  Vec factor = Vec{} + 0.9999F;
  Vec term = Vec{} + 1e-4F;
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = sums[c] * factor + term;
  }
  float total = 0;
  for (const Vec& sum : sums) total += sum[0];
  sink = total;
}

int main(int, char** argv) {
  const int threads = std::atoi(argv[1]);
  const long rounds = 20'000'000;
  double best = 1e9;
  for (int i = 0; i < 15; ++i)
    best = std::min(best, on_threads(threads, [&](int t) { multiply_add(rounds, static_cast<float>(t)); }));
  const double gflops = 2.0 * kWidth * kChains * rounds * threads / best / 1e9;

  const size_t size = 32 << 20;
  std::vector<std::vector<float>> arrays(3, std::vector<float>(size, 1.0F));
  best = 1e9;
  for (int i = 0; i < 5; ++i) {
    best = std::min(best, on_threads(threads, [&](int t) {
                      for (size_t k = size / threads * t; k < size / threads * (t + 1); ++k)
                        arrays[2][k] = arrays[0][k] + arrays[1][k];
                    }));
  }
  std::printf("%.1f %.1f\n", gflops, 12.0 * size / best / 1e9);
}
