#include "figures/bench_chart.h"

#include "digitrec/core/error.h"
#include "support.h"

#include <cstdlib>

namespace digitrec {
namespace {

constexpr const char* kResults = R"({"cpu": "a machine", "results": [
  {"model": "cnn", "device": "cpu", "precision": "fp32", "batch_size": 64, "threads": 2, "epoch_seconds": 6.0, "speed_up": 1.0},
  {"model": "cnn", "device": "cuda:0", "precision": "bf16", "batch_size": 256, "threads": 2, "epoch_seconds": 0.25, "speed_up": 24.0}]})";

TEST(BenchChart, ReadsWhatBenchPrints) {
  const std::vector<BenchPoint> points = read_bench_json(kResults, "x.json").points;
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].model, "cnn");
  EXPECT_EQ(points[1].series, "cuda:0/bf16/batch-256");
  EXPECT_EQ(points[1].seconds, 0.25);
  EXPECT_EQ(points[1].speed_up, 24.0);
  EXPECT_ERROR(read_bench_json("[]", "x.json"), Error,
               "x.json: not what digitrec bench --json prints; make it with that");
  EXPECT_ERROR(read_bench_json("{\"results\": []}", "x.json"), Error, "x.json: has no results");
}

TEST(BenchChart, ShowsTheSpeedUp) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "gnuplot is not installed";
  const test::TempFolder folder;
  draw_bench_chart(read_bench_json(kResults, "x.json"), folder / "bench.png");
  EXPECT_EQ(folder.entries(), (std::vector<std::string>{"bench.png", "bench.svg"}));
  const std::string svg = test::read_text(folder / "bench.svg");
  for (const char* text : {"0.25 s, 24 times as fast", "6 s", "cuda:0/bf16", "a machine"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
}

}  // namespace
}  // namespace digitrec
