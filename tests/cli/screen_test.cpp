// What the terminal shows at any width.
#include "cli/console.h"
#include "cli/help.h"
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
  for (int width = 1; width <= 200; ++width) EXPECT_LT(columns(progress_text(progress, {width})), std::max(2, width));
  EXPECT_EQ(progress_text(progress, {5}), "epoc");
  EXPECT_EQ(progress_text(progress, {19}), "epoch 3/20 ━━━━   ");
  EXPECT_EQ(progress_text(progress, {40}), "epoch 3/20 ━━━━     loss 0.1234  98.00%");
  EXPECT_EQ(progress_text(progress, {200}), "epoch 3/20 ━━━━━━━━━━━━              loss 0.1234  98.00%  0:07 left  █▅▁");
}

TEST(ProgressText, IsPlainWithoutColour) {
  const Progress progress{"x", 0.5};
  EXPECT_EQ(progress_text(progress, {40}).find('\033'), std::string::npos);
  EXPECT_NE(progress_text(progress, {40, true}).find('\033'), std::string::npos);
}

TEST(ProgressText, IsAsciiWhereTheLocaleIsNotUtf8) {
  const Progress progress{"epoch 3/20", 0.5, {"98.00%"}, {3, 2, 1}};
  EXPECT_EQ(progress_text(progress, {60, false, false}), "epoch 3/20 ############              98.00%");
}

TEST(ProgressText, IsALineOfTheLogWithoutATerminal) {
  EXPECT_EQ(progress_text({"epoch 3/20", 0.345, {"loss 0.1234", "0:07 left"}, {3, 2, 1}}),
            "epoch 3/20, 34%, loss 0.1234, 0:07 left");
}

TEST(HalfBlocks, AreAsciiWhereTheLocaleIsNotUtf8) {
  const std::vector<uint8_t> upper{0, 255, 0, 255};
  const std::vector<uint8_t> lower{0, 0, 255, 255};
  EXPECT_EQ(half_blocks(upper.data(), lower.data(), 4, true), " ▀▄█");
  EXPECT_EQ(half_blocks(upper.data(), lower.data(), 4, false), " '.:");
}

TEST(Printable, LeavesATerminalNothingToObey) {
  EXPECT_EQ(printable("a\033[31mb\tc\x7f"), "a?[31mb?c?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");  // U+009B, which begins a command as ESC [ does
  EXPECT_EQ(printable("Ziffer für \xc2\xa0 手書き"), "Ziffer für \xc2\xa0 手書き");
}

TEST(Shorten, KeepsBeginningAndEnd) {
  EXPECT_EQ(shorten("a.csv: wrong; do this", 21), "a.csv: wrong; do this");
  EXPECT_EQ(shorten("a.csv: very wrong; do this", 21), "a.csv: v ...  do this");
  EXPECT_EQ(shorten("abcdef", 5), " ... ");
}

TEST(Shorten, CutsPathsBeforeTheSentence) {
  const std::string middle(60, 'x');
  const std::string line = "warning: /tmp/t23/" + middle + "/b/test.csv: 9 of the rows are in /tmp/t23/" + middle +
                           "/b/train, which runs/a/" + middle + "/b/best.safetensors was trained on; use --held-out";
  EXPECT_EQ(shorten(line, 200), "warning: /tmp/t23/.../b/test.csv: 9 of the rows are in /tmp/t23/" + middle +
                                    "/b/train, which runs/a/.../b/best.safetensors was trained on; use --held-out");
  EXPECT_EQ(shorten(line, 150),
            "warning: /tmp/t23/.../b/test.csv: 9 of the rows are in /tmp/t23/.../b/train, which "
            "runs/a/.../b/best.safetensors was trained on; use --held-out");
  EXPECT_EQ(shorten(line, 400), line);
  EXPECT_EQ(shorten("c/emnist-letters-test-images-idx3-ubyte: 7 rows are in others", 50),
            "c/emnist-let...dx3-ubyte: 7 rows are in others");
  // Where that is not enough, names stay whole.
  const std::string damaged =
      "run/best.safetensors: " + std::string(200, 'x') + "; run/best.previous.safetensors is used";
  EXPECT_TRUE(shorten(damaged, 100).ends_with("xx; run/best.previous.safetensors is used"));
}

TEST(Shorten, CountsColumnsAndCutsNoCharacter) {
  std::string wide;
  for (int i = 0; i < 30; ++i) wide += "手";  // two columns each
  EXPECT_EQ(shorten(wide, 60), wide);
  EXPECT_EQ(shorten(wide, 17), "手手手 ... 手手手");
  EXPECT_EQ(shorten(wide, 16), "手手 ... 手手");
  EXPECT_EQ(shorten("für für für für", 15), "für für für für");
  EXPECT_EQ(shorten("für für für für", 13), "für  ...  für");
  // Bytes of no character are a column each.
  EXPECT_EQ(shorten(std::string(100, '\xbf'), 9), "\xbf\xbf ... \xbf\xbf");
  EXPECT_EQ(shorten(std::string(100, '\xe0'), 9), "\xe0\xe0 ... \xe0\xe0");
}

TEST(TableName, HasNoMoreColumnsThanItsTable) {
  EXPECT_EQ(table_name("zero"), "zero");
  EXPECT_EQ(table_name("a\nb"), "a?b");
  EXPECT_EQ(table_name(std::string(15, 'a') + std::string(15, 'b')), "aaaaaaaaa ... bbbbbbbbb");
  EXPECT_EQ(columns_of("für 手"), 6U);
}

TEST(Help, IsWrappedBesideTheFlags) {
  const std::string text =
      "Train a preset\nOptions:\n  --lr [0.001]                Learning rate; the peak of a schedule that rises and "
      "falls\n"
      "  --one-that-is-far-too-long-for-its-column\n                              Text\n";
  EXPECT_EQ(wrap_help(text, 64),
            "Train a preset\nOptions:\n  --lr [0.001]                Learning rate; the peak of a\n"
            "                              schedule that rises and falls\n"
            "  --one-that-is-far-too-long-for-its-column\n                              Text\n");
}

TEST(Help, IsWrappedBesideAFlagThatFillsItsColumn) {
  EXPECT_EQ(wrap_help("  --checkpoint F ... REQUIRED Checkpoint or run folder; several vote by their mean\n", 64),
            "  --checkpoint F ... REQUIRED Checkpoint or run folder; several\n"
            "                              vote by their mean\n");
}

TEST(Help, IsWrappedBelowTheFlagsOnANarrowTerminal) {
  const std::string text = "  --lr [0.001]                Learning rate; the peak of a schedule\n";
  EXPECT_EQ(wrap_help(text, 40), "  --lr [0.001]\n      Learning rate; the peak of a\n      schedule\n");
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
