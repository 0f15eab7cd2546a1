#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace digitrec::serve {

/// How many values fall between the bounds; text() adds them up as Prometheus expects.
template <size_t N>
struct Histogram {
  std::array<double, N> bounds;
  std::array<uint64_t, N + 1> counts{};
  double sum = 0;

  void add(double value) {
    size_t i = 0;
    while (i < N && value > bounds[i]) ++i;
    ++counts[i];
    sum += value;
  }
};

/// What the server has done since it started. Thread-safe.
class ServerMetrics {
 public:
  void count_request(const std::string& path, int status, double seconds);
  void count_batch(uint64_t digits);
  /// In Prometheus' text format, version 0.0.4.
  std::string text(unsigned connections) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, uint64_t> requests_;  // by path and status
  Histogram<11> seconds_{{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2}};
  Histogram<6> digits_{{1, 2, 4, 8, 16, 32}};
};

}  // namespace digitrec::serve
