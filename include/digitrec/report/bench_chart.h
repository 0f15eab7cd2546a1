#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// One row of a benchmark, as the chart shows it.
struct BenchBar {
  std::string model;
  std::string series;  ///< device, precision and what else varies: "cpu/fp32"
  double seconds;      ///< of an epoch
  double speed_up;     ///< over the CPU; 0 or 1: not shown
};

/// The bars in the text that `digitrec bench --json` prints. Throws Error, naming `source`, when it is no such text.
std::vector<BenchBar> read_bench_json(const std::string& text, const std::string& source);

/// Draws them as `path`.svg and .png (its own ending left off), a group a model. `machine` stands below the title.
/// Throws Error when gnuplot is missing or a file cannot be written.
void draw_bench_chart(const std::vector<BenchBar>& bars, const std::string& machine, const std::filesystem::path& path);

}  // namespace digitrec
