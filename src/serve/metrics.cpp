#include "serve/metrics.h"

#include <spdlog/fmt/fmt.h>

#include <iterator>

namespace digitrec::serve {
namespace {

void begin_metric(std::string& text, const char* name, const char* kind, const char* help) {
  fmt::format_to(std::back_inserter(text), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

template <size_t N>
void write_histogram(std::string& text, const char* name, const char* help, const Histogram<N>& histogram) {
  begin_metric(text, name, "histogram", help);
  uint64_t total = 0;
  for (size_t i = 0; i < N; ++i) {
    total += histogram.counts[i];
    fmt::format_to(std::back_inserter(text), "{}_bucket{{le=\"{}\"}} {}\n", name, histogram.bounds[i], total);
  }
  total += histogram.counts[N];
  fmt::format_to(std::back_inserter(text), "{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, total,
                 histogram.sum);
}

}  // namespace

void ServerMetrics::count_request(const std::string& path, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{path, status}];
  seconds_.add(seconds);
}

void ServerMetrics::count_batch(uint64_t digits) {
  const std::lock_guard lock(mutex_);
  digits_.add(static_cast<double>(digits));
}

std::string ServerMetrics::text(unsigned connections) const {
  const std::lock_guard lock(mutex_);
  std::string text;
  begin_metric(text, "digitrec_requests_total", "counter", "Requests answered, by path and status.");
  for (const auto& [key, count] : requests_) {
    fmt::format_to(std::back_inserter(text), "digitrec_requests_total{{path=\"{}\",status=\"{}\"}} {}\n", key.first,
                   key.second, count);
  }
  write_histogram(text, "digitrec_request_seconds", "Seconds from the end of a request to its answer.", seconds_);
  write_histogram(text, "digitrec_batch_digits", "Digits in a batch.", digits_);
  begin_metric(text, "digitrec_connections", "gauge", "Connections open now.");
  fmt::format_to(std::back_inserter(text), "digitrec_connections {}\n", connections);
  return text;
}

}  // namespace digitrec::serve
