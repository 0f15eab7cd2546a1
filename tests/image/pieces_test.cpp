#include "image/pieces.h"

#include "image/framing.h"
#include "support.h"

namespace digitrec {
namespace {

using Boxes = std::vector<Box>;

/// Bars in these boxes on a page of 600 x 600.
GrayImage page_with(const Boxes& boxes) {
  GrayImage page = test::page_with_bar(600, 600, 0, 0, 0, 0);
  for (const Box& box : boxes) {
    for (int64_t y = box.top; y < box.bottom; ++y) {
      for (int64_t x = box.left; x < box.right; ++x) page.pixels[static_cast<size_t>(y * 600 + x)] = 0;
    }
  }
  return page;
}

/// A digit's bar at x, y.
Box bar(int64_t x, int64_t y, int64_t height = 60) { return {x, y, x + 14, y + height}; }

/// How the picture's digits are written: an x for each, numbers apart by spaces, lines by slashes.
std::string writing(const GrayImage& page) {
  std::string text;
  TextPlace before;
  for (const FramedDigit& digit : frame_digits(page, 28)) {
    if (!text.empty() && digit.place.line != before.line) {
      text += '/';
    } else if (!text.empty() && digit.place.number != before.number) {
      text += ' ';
    }
    text += 'x';
    before = digit.place;
  }
  return text;
}

TEST(GroupDigits, ReadsLineByLine) {
  EXPECT_EQ(writing(page_with({bar(100, 100), bar(150, 105), bar(200, 95), bar(110, 220), bar(160, 215)})), "xxx/xx");
  EXPECT_EQ(writing(page_with({bar(100, 100), bar(110, 180), bar(100, 260)})), "x/x/x");
}

TEST(GroupDigits, FollowsALineThatSlopes) {
  EXPECT_EQ(writing(page_with({bar(100, 100), bar(150, 120), bar(200, 140), bar(250, 160), bar(300, 180), bar(350, 200),
                               bar(400, 220)})),
            "xxxxxxx");
}

TEST(GroupDigits, TellsTheColumnsOfAForm) {
  EXPECT_EQ(
      writing(page_with({bar(60, 100), bar(100, 100), bar(400, 100), bar(60, 220), bar(400, 220), bar(440, 220)})),
      "xx x/x xx");
}

TEST(GroupDigits, ReadsEvenlySpacedDigitsAsOneNumber) {
  EXPECT_EQ(writing(page_with({bar(20, 100), bar(190, 100), bar(360, 100), bar(530, 100)})), "xxxx");
}

TEST(GroupDigits, KeepsDigitsApartThatNearlyTouch) {
  EXPECT_EQ(writing(page_with({{200, 200, 230, 420}, {236, 200, 266, 420}})), "xx");
}

TEST(GroupDigits, BridgesTheGapsOfAPenThatSkips) {
  EXPECT_EQ(writing(page_with({{200, 200, 215, 300}, {200, 304, 215, 420}})), "x");  // one above the other
  EXPECT_EQ(writing(page_with({{200, 200, 215, 420}, {222, 200, 300, 216}})), "x");  // a bar beside a stem
}

TEST(GroupDigits, ReadsAPageFull) {
  Boxes boxes;
  for (int64_t y = 20; y < 560; y += 60) {
    for (int64_t x = 20; x < 570; x += 45) boxes.push_back({x, y, x + 9, y + 36});
  }
  EXPECT_EQ(frame_digits(page_with(boxes), 28).size(), boxes.size());
}

TEST(TouchingDigits, AreOnePieceAndItsHalves) {
  const auto joined = [](int64_t gap) {
    return page_with({bar(100, 100), bar(114 + gap, 100), {110, 128, 118 + gap, 134}});
  };
  const std::vector<FramedDigit> wide = frame_digits(joined(60), 28);
  ASSERT_EQ(wide.size(), 1U);
  ASSERT_EQ(wide[0].halves.size(), 2U);
  EXPECT_NEAR(wide[0].halves[0].right, wide[0].halves[1].left, 0.01);
  EXPECT_LT(wide[0].halves[0].left, wide[0].halves[0].right);
  EXPECT_EQ(wide[0].halves[0].place, wide[0].place);
  const std::vector<FramedDigit> narrow = frame_digits(joined(20), 28);
  ASSERT_EQ(narrow.size(), 1U);
  EXPECT_TRUE(narrow[0].halves.empty());
  EXPECT_TRUE(frame_character(joined(60), 28).halves.empty());
}

}  // namespace
}  // namespace digitrec
