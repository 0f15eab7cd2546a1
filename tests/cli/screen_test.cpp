// What the terminal shows at any width.
#include "cli/progress.h"
#include "cli/table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace digitrec::cli {
namespace {

/// Characters of a UTF-8 text: its bytes without the continuation bytes.
size_t columns(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

TEST(ProgressText, FitsEveryWidthAndKeepsWhatMattersMost) {
  const Progress progress{"epoch 3/20", 0.5, {"loss 0.1234", "98.00%", "0:07 left"}, {3, 2, 1}};
  for (int width = 1; width <= 200; ++width)
    EXPECT_LT(columns(progress_text(progress, width, false)), std::max(2, width));
  EXPECT_EQ(progress_text(progress, 5, false), "epoc");
  EXPECT_EQ(progress_text(progress, 19, false), "epoch 3/20 ━━━━   ");
  EXPECT_EQ(progress_text(progress, 40, false), "epoch 3/20 ━━━━     loss 0.1234  98.00%");
  EXPECT_EQ(progress_text(progress, 200, false),
            "epoch 3/20 ━━━━━━━━━━━━              loss 0.1234  98.00%  0:07 left  █▅▁");
}

TEST(ProgressText, IsPlainWithoutColour) {
  const Progress progress{"x", 0.5};
  EXPECT_EQ(progress_text(progress, 40, false).find('\033'), std::string::npos);
  EXPECT_NE(progress_text(progress, 40, true).find('\033'), std::string::npos);
}

TEST(Sparkline, ShowsTheLastValuesBetweenTheirExtremes) {
  EXPECT_EQ(sparkline({9, 1, 2, 8}, 3), "▁▂█");
  EXPECT_EQ(sparkline({5, 5}, 9), "▁▁");
  EXPECT_EQ(sparkline({}, 9), "");
  EXPECT_EQ(sparkline({1, std::nan(""), 2}, 1), "▁");
}

TEST(Table, LinesUpAndLeavesOutTheLeastImportant) {
  const std::vector<Column> columns{{"model", 6, 0, true}, {"rows", 5, 1}, {"seconds", 7, 2}};
  EXPECT_EQ(Table(columns, 22).header(), "model    rows  seconds");
  EXPECT_EQ(Table(columns, 22).row({"cnn", "12", "0.5"}), "cnn        12      0.5");
  EXPECT_EQ(Table(columns, 21).row({"cnn", "12", "0.5"}), "cnn        12");
  EXPECT_EQ(Table(columns, 3).row({"cnn", "12", "0.5"}), "cnn");
}

}  // namespace
}  // namespace digitrec::cli
