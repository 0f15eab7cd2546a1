#include "figures/bench_chart.h"

#include "digitrec/core/error.h"
#include "figure_templates.h"
#include "figures/gnuplot.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace digitrec {
namespace {

/// The position of `value` in the list, to which it is added if missing.
size_t place_of(std::vector<std::string>& list, const std::string& value) {
  const auto found = std::find(list.begin(), list.end(), value);
  if (found != list.end()) return static_cast<size_t>(found - list.begin());
  list.push_back(value);
  return list.size() - 1;
}

}  // namespace

BenchResults read_bench_json(const std::string& text, const std::string& source) {
  BenchResults read{"unknown", {}};
  std::vector<BenchPoint>& points = read.points;
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.contains("cpu") && json["cpu"].is_string()) read.cpu = json["cpu"].get<std::string>();
    const auto& results = json.at("results");
    const auto varies = [&](const char* key) {
      return std::any_of(results.begin(), results.end(),
                         [&](const auto& row) { return row.at(key) != results.front().at(key); });
    };
    const bool by_batch = varies("batch_size");
    const bool by_threads = varies("threads");
    for (const auto& row : results) {
      BenchPoint point{row.at("model").get<std::string>(),
                       row.at("device").get<std::string>() + "/" + row.at("precision").get<std::string>(),
                       row.at("epoch_seconds").get<double>(), row.at("speed_up").get<double>()};
      if (by_batch) point.series += fmt::format("/batch-{}", row.at("batch_size").get<int64_t>());
      if (by_threads) point.series += fmt::format("/threads-{}", row.at("threads").get<int64_t>());
      const bool is_repeated = std::any_of(points.begin(), points.end(), [&](const BenchPoint& other) {
        return other.model == point.model && other.series == point.series;
      });
      if (!is_repeated) points.push_back(std::move(point));
    }
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("{}: not what digitrec bench --json prints", source), "make it with that");
  }
  if (points.empty()) throw Error(fmt::format("{}: has no results", source));
  return read;
}

void draw_bench_chart(const BenchResults& results, const std::filesystem::path& path) {
  // Okabe and Ito (2008).
  constexpr std::array<int, 7> kColours{0x0072b2, 0x009e73, 0xd55e00, 0x56b4e9, 0xe69f00, 0xcc79a7, 0x5f6368};
  std::vector<std::string> models;
  std::vector<std::string> series;
  double low = std::numeric_limits<double>::infinity();
  double high = 0;
  for (const BenchPoint& point : results.points) {
    place_of(models, point.model);
    place_of(series, point.series);
    low = std::min(low, point.seconds);
    high = std::max(high, point.seconds);
  }
  constexpr double kGap = 0.6;  // between models, in lines
  const double step = static_cast<double>(series.size()) + kGap;
  std::vector<std::string> blocks(series.size());
  for (const BenchPoint& point : results.points) {
    const size_t n = place_of(series, point.series);
    const double y =
        static_cast<double>(place_of(models, point.model)) * step + static_cast<double>(n) + 0.5 + kGap / 2;
    const bool is_faster = std::abs(point.speed_up - 1) >= 0.005;
    const std::string text = is_faster ? fmt::format("{:.2g} s, {:.3g} times as fast", point.seconds, point.speed_up)
                                       : fmt::format("{:.2g} s", point.seconds);
    blocks[n] += fmt::format("{} {} {}\n", y, point.seconds, quote(text));
  }
  std::string tables;
  std::string names;
  std::string colours;
  for (size_t n = 0; n < series.size(); ++n) {
    tables += blocks[n] + "\n\n";
    names += series[n] + " ";
    colours += fmt::format("{} ", kColours[n % kColours.size()]);
  }
  std::string groups;
  for (size_t m = 0; m < models.size(); ++m) {
    groups += fmt::format("{} {}\n", (static_cast<double>(m) + 0.5) * step, quote(models[m]));
  }
  const double lines = static_cast<double>(models.size()) * step;
  std::filesystem::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  Figure(path.stem().string(), 800, static_cast<int>(130 + 18 * lines), templates::kBench)
      .set("title", "How long an epoch of 42,000 images takes")
      .set("subtitle", fmt::format("digitrec bench; cpu: {}", results.cpu))
      .set("series", static_cast<double>(series.size()))
      .set("lines", lines)
      .set("names", names)
      .set("colours", colours)
      .set("low", low / 2)
      .set("high", high * 3)  // room for the text behind the longest
      .table("points", tables)
      .table("models", groups)
      .draw(folder);
}

}  // namespace digitrec
