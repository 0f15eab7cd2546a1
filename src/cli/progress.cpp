#include "cli/progress.h"

#include "cli/console.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace digitrec::cli {
namespace {

constexpr std::chrono::milliseconds kInterval(50);  // the eye follows no faster
constexpr int kMaxBar = 24;
constexpr int kMinBar = 6;
constexpr size_t kMaxTrend = 16;
constexpr const char* kGreen = "\033[32m";
constexpr const char* kFaint = "\033[2m";
constexpr const char* kPlain = "\033[0m";

std::string repeat(const char* text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

std::string bar(double fraction, int width, const Screen& screen) {
  const int filled = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * width));
  const char* block = screen.unicode ? "━" : "#";
  const std::string done = repeat(block, filled);
  const std::string left = repeat(screen.colour ? block : " ", width - filled);
  return screen.colour ? fmt::format("{}{}{}{}{}{}", kGreen, done, kPlain, kFaint, left, kPlain) : done + left;
}

}  // namespace

std::string sparkline(const std::vector<double>& values, size_t max_values) {
  constexpr std::array<const char*, 8> kLevels{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::vector<double> last(values.end() - static_cast<int64_t>(std::min(max_values, values.size())),
                                 values.end());
  if (last.empty()) return "";
  const auto [low, high] = std::minmax_element(last.begin(), last.end());
  std::string line;
  for (const double value : last) {
    const double share = *high > *low ? (value - *low) / (*high - *low) : 0;
    line += std::isfinite(share) ? kLevels[static_cast<size_t>(std::lround(share * 7))] : " ";
  }
  return line;
}

std::string progress_text(const Progress& progress, const Screen& screen) {
  const int room = screen.width - 1;
  std::string label = progress.label;
  label.resize(std::min(label.size(), static_cast<size_t>(std::max(0, room))));
  int left = room - static_cast<int>(label.size());
  // Room goes to the details first, then to the trend; the bar takes what is left.
  std::string details;
  const int for_bar = left >= kMinBar + 1 ? kMinBar + 1 : 0;
  left -= for_bar;
  for (const std::string& detail : progress.details) {
    const int needed = static_cast<int>(detail.size()) + 2;
    if (needed > left) break;
    details += "  " + detail;
    left -= needed;
  }
  const int trend = static_cast<int>(std::min(kMaxTrend, progress.trend.size()));
  const bool has_trend = screen.unicode && trend > 1 && left >= trend + 2;
  if (has_trend) left -= trend + 2;
  const int bar_width = for_bar > 0 ? std::min(kMaxBar, kMinBar + left) : 0;
  std::string line = label;
  if (bar_width > 0) line += " " + bar(progress.fraction, bar_width, screen);
  line += details;
  if (has_trend) line += "  " + sparkline(progress.trend, kMaxTrend);
  return line;
}

std::string progress_text(const Progress& progress) {
  std::string line = fmt::format("{}, {:.0f}%", progress.label, 100 * std::clamp(progress.fraction, 0.0, 1.0));
  for (const std::string& detail : progress.details) line += ", " + detail;
  return line;
}

ProgressLine::ProgressLine(std::chrono::milliseconds log_interval)
    : on_terminal_(can_redraw(Stream::err)), interval_(on_terminal_ ? kInterval : log_interval) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::draw(const Progress& progress) {
  using Clock = std::chrono::steady_clock;
  const bool is_first = on_terminal_ && !drawn_;
  if (!is_first && Clock::now() - last_ < interval_) return;
  last_ = Clock::now();
  if (!on_terminal_) {
    log(progress_text(progress));
    return;
  }
  // Over the old line and then to its end: wiping it first would flicker.
  fmt::print(stderr, "\r{}\033[K",
             progress_text(
                 progress,
                 {.width = terminal_width(Stream::err), .colour = has_colour(Stream::err), .unicode = has_unicode()}));
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace digitrec::cli
