#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// One row of a benchmark, as the chart shows it.
struct BenchPoint {
  std::string model;
  std::string series;  ///< device, precision and whatever else varies: "cpu/fp32"
  double seconds;      ///< of an epoch
  double speed_up;     ///< over the model's first row; 1: not shown
};

/// The results that `digitrec bench --json` prints.
struct BenchResults {
  std::string cpu;  ///< "unknown" where the text does not say
  std::vector<BenchPoint> points;
};

/// Reads the text that `digitrec bench --json` prints. Throws Error, naming `source`, when it is something else.
BenchResults read_bench_json(const std::string& text, const std::string& source);

/// Draws a point for each row, on a logarithmic axis, as .svg and .png files of `path`'s name, one group per model,
/// with the processor below the title. Throws Error when gnuplot is missing or a file cannot be written.
void draw_bench_chart(const BenchResults& results, const std::filesystem::path& path);

}  // namespace digitrec
