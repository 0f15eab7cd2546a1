// What photos of paper show besides the digits: lines, boxes, shadows, a table. A page with them is framed as one
// without.
#include "digitrec/core/error.h"
#include "image/framing.h"
#include "support.h"

#include <cmath>
#include <functional>

namespace digitrec {
namespace {

using Covers = std::function<bool(double x, double y)>;

/// Draws on `image` wherever `covers` says so.
void draw(GrayImage& image, int level, const Covers& covers) {
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      if (covers(static_cast<double>(x), static_cast<double>(y))) {
        image.pixels[static_cast<size_t>(y * image.width + x)] = static_cast<uint8_t>(level);
      }
    }
  }
}

/// Paper of 220 with faint grain, as a camera sees it.
GrayImage paper(int64_t width, int64_t height) {
  GrayImage page{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height)), "page"};
  for (size_t i = 0; i < page.pixels.size(); ++i) page.pixels[i] = static_cast<uint8_t>(219 + (i * 7919 / 13) % 3);
  return page;
}

Covers segment(double x0, double y0, double x1, double y1, double width) {
  return [=](double x, double y) {
    const double length = std::hypot(x1 - x0, y1 - y0);
    const double along = std::clamp(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0.0, length);
    const double dx = x - x0 - along * (x1 - x0) / length;
    const double dy = y - y0 - along * (y1 - y0) / length;
    return std::hypot(dx, dy) <= width / 2;
  };
}

Covers any_of(std::vector<Covers> parts) {
  return [parts = std::move(parts)](double x, double y) {
    return std::any_of(parts.begin(), parts.end(), [&](const Covers& part) { return part(x, y); });
  };
}

Covers ring(double x0, double y0, double radius, double width) {
  return [=](double x, double y) { return std::abs(std::hypot(x - x0, y - y0) - radius) <= width / 2; };
}

/// A 6: a ring with a stem that leans.
Covers six(double x, double y, double height, double width) {
  const double radius = height / 4;
  return any_of({ring(x, y + height - radius, radius, width),
                 segment(x - radius, y + height - radius, x + radius / 2, y, width)});
}

double difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

struct Situation {
  const char* name;
  std::function<void(GrayImage& page)> add;
};

std::ostream& operator<<(std::ostream& out, const Situation& situation) { return out << situation.name; }

/// Lines across the page, `slope` pixels higher or lower for one along, or upright ones.
void rule(GrayImage& page, double first, double step, double slope, double width, int level, bool is_upright = false) {
  draw(page, level, [=](double x, double y) {
    const double across = (is_upright ? x - slope * y : y - slope * x) - first;
    return across > -width && std::abs(across - step * std::round(across / step)) <= width / 2;
  });
}

void draw_box(GrayImage& page, double left, double top, double right, double bottom, double width, int level) {
  draw(page, level,
       any_of({segment(left, top, right, top, width), segment(right, top, right, bottom, width),
               segment(right, bottom, left, bottom, width), segment(left, bottom, left, top, width)}));
}

class Paper : public testing::TestWithParam<Situation> {};

TEST_P(Paper, ShowsTheDigitAlone) {
  GrayImage plain = paper(400, 400);
  draw(plain, 30, six(200, 110, 190, 18));
  GrayImage page = paper(400, 400);
  GetParam().add(page);
  draw(page, 30, six(200, 110, 190, 18));
  const std::vector<FramedDigit> alone = frame_digits(plain, 28);
  const std::vector<FramedDigit> framed = frame_digits(page, 28);
  ASSERT_EQ(framed.size(), 1U);
  EXPECT_LT(difference(framed[0].pixels, alone[0].pixels), 4);
}

TEST(Paper, SquaredWithLinesAlongItsEdgesAndNoGrain) {
  GrayImage page{400, 400, std::vector<uint8_t>(160000, 255), "page"};
  GrayImage plain = page;
  rule(page, 0, 40, 0, 2, 0);
  rule(page, 0, 40, 0, 2, 0, true);
  draw(page, 0, six(200, 110, 190, 18));
  draw(plain, 0, six(200, 110, 190, 18));
  const std::vector<FramedDigit> framed = frame_digits(page, 28);
  ASSERT_EQ(framed.size(), 1U);
  EXPECT_LT(difference(framed[0].pixels, frame_digits(plain, 28)[0].pixels), 4);
}

TEST(Paper, DarkScreenBetweenBarsIsLightOnDark) {
  GrayImage page{400, 600, std::vector<uint8_t>(240000, 30), "screenshot"};
  draw(page, 200, [](double, double y) { return y > 560; });
  draw(page, 90, [](double, double y) { return y < 40; });
  GrayImage plain{400, 600, std::vector<uint8_t>(240000, 30), "canvas"};
  for (GrayImage* image : {&page, &plain}) draw(*image, 220, six(200, 250, 90, 9));
  const std::vector<FramedDigit> framed = frame_digits(page, 28);
  ASSERT_EQ(framed.size(), 1U);
  EXPECT_LT(difference(framed[0].pixels, frame_digits(plain, 28)[0].pixels), 8);
}

TEST(Paper, AZeroWithADotOrAStrokeInItIsNoRing) {
  for (const Covers& inside : {segment(200, 203, 200, 206, 14), segment(190, 240, 210, 170, 10)}) {
    GrayImage page = paper(400, 400);
    draw(page, 30, [](double x, double y) { return std::abs(std::hypot((x - 200) * 1.5, y - 205) - 90) <= 8; });
    draw(page, 30, inside);
    const std::vector<FramedDigit> framed = frame_digits(page, 28);
    ASSERT_EQ(framed.size(), 1U);
    EXPECT_NEAR((framed[0].bottom - framed[0].top) * 400, 196, 8);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Paper,
    testing::Values(
        Situation{"Ruled", [](GrayImage& page) { rule(page, 20, 60, 0, 2, 90); }},
        Situation{"RuledAsDarkAsInk", [](GrayImage& page) { rule(page, 35, 60, 0, 3, 30); }},
        Situation{"RuledAtASlant", [](GrayImage& page) { rule(page, 10, 60, 0.05, 2, 90); }},
        Situation{"Squared",
                  [](GrayImage& page) {
                    rule(page, 22, 50, 0, 2, 90);
                    rule(page, 13, 50, 0, 2, 90, true);
                  }},
        Situation{"SquaredAtASlant",
                  [](GrayImage& page) {
                    rule(page, -30, 50, 0.04, 2, 90);
                    rule(page, 10, 50, -0.04, 2, 90, true);
                  }},
        Situation{"Circled", [](GrayImage& page) { draw(page, 30, ring(200, 205, 150, 6)); }},
        Situation{"CircledByHand",
                  [](GrayImage& page) {
                    draw(page, 30, [](double x, double y) {
                      const double bent =
                          std::hypot((x - 200) / 1.2, y - 205) + 6 * std::sin(3 * std::atan2(y - 205, x - 200));
                      return std::abs(bent - 145) <= 4;
                    });
                  }},
        Situation{"Boxed", [](GrayImage& page) { draw_box(page, 90, 70, 310, 330, 3, 30); }},
        Situation{"TightlyBoxed", [](GrayImage& page) { draw_box(page, 130, 95, 270, 315, 3, 30); }},
        Situation{"InACell", [](GrayImage& page) { draw_box(page, 8, 6, 392, 394, 8, 60); }},
        Situation{"Underlined", [](GrayImage& page) { draw(page, 30, segment(110, 330, 290, 326, 10)); }},
        Situation{"UnderlinedTwice",
                  [](GrayImage& page) {
                    draw(page, 30, segment(120, 330, 280, 326, 6));
                    draw(page, 30, segment(120, 350, 280, 350, 6));
                  }},
        Situation{"WithASliver", [](GrayImage& page) { draw(page, 40, [](double x, double) { return x > 388; }); }},
        Situation{"WithSliversAtASlant",
                  [](GrayImage& page) {
                    draw(page, 40, [](double x, double y) { return x < 6 - y / 70 || y > 396 - x / 60; });
                  }},
        Situation{
            "WithTheEndOfANeighbour",
            [](GrayImage& page) { draw(page, 30, [](double x, double y) { return x < 14 && y > 150 && y < 200; }); }},
        Situation{"UnderlinedWithDashes",
                  [](GrayImage& page) {
                    draw(page, 60, [](double x, double y) {
                      return y > 330 && y < 335 && x > 60 && x < 340 && std::fmod(x, 16) < 9;
                    });
                  }},
        Situation{"OnAComb",
                  [](GrayImage& page) {
                    draw(page, 60, segment(120, 330, 280, 330, 4));
                    draw(page, 60, segment(120, 330, 120, 270, 3));
                    draw(page, 60, segment(280, 330, 280, 270, 3));
                  }},
        Situation{"InABoxOpenAtTheTop",
                  [](GrayImage& page) {
                    draw(page, 60, segment(110, 330, 290, 330, 4));
                    draw(page, 60, segment(110, 330, 110, 90, 4));
                    draw(page, 60, segment(290, 330, 290, 90, 4));
                  }},
        Situation{"OnDots",
                  [](GrayImage& page) {
                    draw(page, 120, [](double x, double y) { return std::fmod(x, 20) < 3 && std::fmod(y, 20) < 3; });
                  }},
        Situation{"InAFrameOfTwoGreys",
                  [](GrayImage& page) {
                    draw(page, 180, [](double x, double y) { return x < 24 || y < 24 || x > 375 || y > 375; });
                    draw(page, 60, [](double x, double y) { return x < 12 || y < 12 || x > 387 || y > 387; });
                  }},
        Situation{"OnATableOnAllSides",
                  [](GrayImage& page) {
                    draw(page, 110, [](double x, double y) { return x < 45 || y < 70 || x > 350 || y > 345; });
                  }},
        Situation{"InAFrame",
                  [](GrayImage& page) {
                    draw(page, 120, [](double x, double y) { return x < 9 || y < 9 || x > 390 || y > 390; });
                  }}),
    [](const auto& row) { return std::string(row.param.name); });

/// Makes part of a page darker, and its ink too.
void shade(GrayImage& page, double share, const Covers& covers) {
  for (int64_t y = 0; y < page.height; ++y) {
    for (int64_t x = 0; x < page.width; ++x) {
      uint8_t& level = page.pixels[static_cast<size_t>(y * page.width + x)];
      if (covers(static_cast<double>(x), static_cast<double>(y))) level = static_cast<uint8_t>(level * share);
    }
  }
}

TEST(PaperInTheShade, ShowsTheDigitAlone) {
  GrayImage plain = paper(400, 400);
  draw(plain, 30, six(200, 110, 190, 18));
  const auto alone = frame_digits(plain, 28).front().pixels;
  const std::map<std::string, Covers> shadows{
      {"across", [](double x, double) { return x > 190; }},
      {"at a slant", [](double x, double y) { return x + y > 430; }},
      {"from a corner", [](double x, double y) { return x + 2 * y < 520; }},
  };
  for (const auto& [name, covers] : shadows) {
    GrayImage page = plain;
    shade(page, 0.55, covers);
    const std::vector<FramedDigit> framed = frame_digits(page, 28);
    ASSERT_EQ(framed.size(), 1U) << name;
    EXPECT_LT(difference(framed[0].pixels, alone), 6) << name;
  }
}

TEST(PaperOnATable, ShowsTheDigitAlone) {
  GrayImage page = paper(400, 400);
  draw(page, 30, six(200, 110, 190, 18));
  const auto alone = frame_digits(page, 28).front().pixels;
  for (int64_t y = 0; y < 400; ++y) {
    for (int64_t x = 0; x < 400; ++x) {
      if (x + y / 20 < 352 && y < 350) continue;
      page.pixels[static_cast<size_t>(y * 400 + x)] = static_cast<uint8_t>(60 + (y * 37 + x / 40 * 11) % 50);  // wood
    }
  }
  const std::vector<FramedDigit> framed = frame_digits(page, 28);
  ASSERT_EQ(framed.size(), 1U);
  EXPECT_LT(difference(framed[0].pixels, alone), 6);
}

TEST(FaintDigits, AreReadOnAnEvenCanvas) {
  for (const int level : {225, 243}) {
    GrayImage page{300, 300, std::vector<uint8_t>(90000, 255), "page"};
    draw(page, level, six(150, 60, 180, 20));
    EXPECT_EQ(frame_digits(page, 28).size(), 1U) << level;
  }
}

/// Four digits with what crosses or touches them, which is none's stroke.
TEST(Numbers, AreReadWhateverTheyStandOn) {
  const Covers number =
      any_of({six(60, 50, 60, 8), ring(120, 80, 26, 8),
              any_of({segment(170, 54, 200, 54, 8), segment(200, 54, 180, 110, 8)}), segment(240, 52, 240, 108, 8)});
  const std::map<std::string, std::function<void(GrayImage&)>> kinds{
      {"an underline at their feet", [](GrayImage& page) { draw(page, 50, segment(25, 108, 270, 108, 4)); }},
      {"a line through them", [](GrayImage& page) { draw(page, 50, segment(20, 82, 275, 82, 4)); }},
      {"boxes as high as they are",
       [](GrayImage& page) {
         for (int i = 0; i < 4; ++i) draw_box(page, 30 + 60 * i, 48, 90 + 60 * i, 112, 3, 60);
       }},
      {"a comb",
       [](GrayImage& page) {
         draw(page, 60, segment(30, 120, 270, 120, 3));
         for (int i = 0; i < 5; ++i) draw(page, 60, segment(30 + 60 * i, 120, 30 + 60 * i, 100, 3));
       }},
      {"rules half in the shade",
       [](GrayImage& page) {
         rule(page, 20, 32, 0, 2, 150);
         shade(page, 0.6, [](double x, double y) { return x + y < 230; });
       }},
      {"squared paper", [](GrayImage& page) {
         rule(page, 12, 30, 0, 2, 150);
         rule(page, 20, 30, 0, 2, 150, true);
       }}};
  for (const auto& [name, add] : kinds) {
    GrayImage page = paper(300, 160);
    add(page);
    draw(page, 40, number);
    EXPECT_EQ(frame_digits(page, 28).size(), 4U) << name;
  }
}

TEST(Numbers, OfBarsAreNoBoxes) {
  const auto bars = [](double x) {
    return any_of({segment(x, 50, x + 32, 50, 3), segment(x + 32, 50, x + 32, 110, 3), segment(x + 32, 110, x, 110, 3),
                   segment(x, 110, x, 50, 3)});
  };
  GrayImage page{300, 160, std::vector<uint8_t>(48000, 255), "page"};
  draw(page, 0, any_of({bars(40), bars(100), six(180, 50, 60, 5)}));
  EXPECT_EQ(frame_digits(page, 28).size(), 3U);
}

TEST(Strokes, ThatAreAllStraightStayOnSquaredPaper) {
  GrayImage page = paper(300, 160);
  rule(page, 12, 30, 0, 2, 150);
  rule(page, 12, 30, 0, 2, 150, true);
  draw(page, 40, segment(95, 45, 90, 105, 6));
  GrayImage plain = paper(300, 160);
  draw(plain, 40, segment(95, 45, 90, 105, 6));
  EXPECT_LT(difference(frame_digits(page, 28).front().pixels, frame_digits(plain, 28).front().pixels), 6);
}

TEST(Photos, WithALitCornerShowTheDigit) {
  GrayImage page = paper(400, 300);
  draw(page, 30, six(150, 60, 180, 18));
  const auto alone = frame_digits(page, 28).front().pixels;
  shade(page, 0.6, [](double x, double y) { return x + y < 560; });
  EXPECT_LT(difference(frame_digits(page, 28).front().pixels, alone), 6);
}

TEST(SmallPictures, ShowABrokenDigitAsOneAndTwoAsTwo) {
  GrayImage broken{28, 28, std::vector<uint8_t>(784, 0), "page"};
  draw(broken, 255, [](double x, double y) {
    return std::abs(std::hypot((x - 14) * 1.6, y - 14) - 9) < 1 && (x < 12.5 || x > 15.5);
  });
  EXPECT_EQ(frame_digits(broken, 28).size(), 1U);
  GrayImage two{28, 28, std::vector<uint8_t>(784, 0), "page"};
  draw(two, 255, any_of({segment(5, 3, 5, 25, 2), segment(21, 3, 21, 25, 2)}));
  EXPECT_EQ(frame_digits(two, 28).size(), 2U);
}

TEST(Numbers, ThatBeginNearTheEdgeAreReadWhole) {
  const Covers number = any_of({segment(20, 50, 20, 110, 3), six(60, 50, 60, 9), ring(130, 80, 28, 9)});
  for (const bool is_ruled : {false, true}) {
    GrayImage page = paper(460, 160);
    if (is_ruled) {
      rule(page, 12, 30, 0, 2, 140);
      rule(page, 12, 30, 0, 2, 140, true);
    }
    draw(page, 40, number);
    EXPECT_EQ(frame_digits(page, 28).size(), 3U) << is_ruled;
  }
}

/// A pattern of lines is no paper, and takes no time to say so.
TEST(Patterns, AreRefusedAtOnce) {
  GrayImage page = paper(512, 512);
  draw(page, 30, [](double x, double y) { return std::fmod(x, 4) < 2 || std::fmod(y, 64) < 2; });
  EXPECT_ANY_THROW(frame_digits(page, 28));
}

/// Where lines are all there is, they are not taken, and what is left to read is refused or a bar.
TEST(Lines, AreAllThatIsThere) {
  const std::map<std::string, Covers> drawn{
      {"a sliver", [](double, double y) { return y < 6; }},
      {"slivers all round", [](double x, double y) { return x < 6 || y < 6 || x > 393 || y > 393; }},
      {"a line", segment(-5, 200, 405, 200, 4)},
      {"a grid", [](double x, double y) { return std::fmod(x, 50) < 3 || std::fmod(y, 50) < 3; }},
      {"a sliver and crumbs beside it", [](double x, double y) { return y < 6 || (y == 8 && std::fmod(x, 9) < 1); }},
  };
  for (const auto& [name, covers] : drawn) {
    for (const int64_t height : {400, 60}) {
      GrayImage page{400, height, std::vector<uint8_t>(static_cast<size_t>(400 * height), 255), "page"};
      draw(page, 0, covers);
      try {
        EXPECT_GE(frame_digits(page, 28).size(), 1U) << name;
        EXPECT_FALSE(frame_character(page, 28).pixels.empty()) << name;
      } catch (const Error& error) {
        EXPECT_STRNE(error.what(), "") << name;
      }
    }
  }
}

/// Strokes that lie as lines do, in pictures cut as tightly as people cut them, and with room.
TEST(Strokes, AreNotTakenForLines) {
  const std::map<std::string, Covers> digits{
      {"1", segment(60, 10, 60, 190, 12)},
      {"7", any_of({segment(6, 12, 114, 12, 12), segment(112, 12, 50, 194, 12)})},
      {"4", any_of({segment(40, 10, 10, 120, 8), segment(10, 120, 114, 120, 8), segment(80, 30, 80, 194, 8)})},
      {"Z", any_of({segment(6, 8, 112, 8, 10), segment(112, 8, 8, 190, 10), segment(8, 190, 114, 190, 10)})},
      {"9", any_of({ring(60, 55, 46, 8), segment(106, 55, 106, 195, 8)})},
      {"square 0", any_of({segment(10, 10, 110, 10, 6), segment(110, 10, 110, 190, 6), segment(110, 190, 10, 190, 6),
                           segment(10, 190, 10, 10, 6)})},
      {"square 8", any_of({segment(10, 10, 110, 10, 6), segment(110, 10, 110, 190, 6), segment(110, 190, 10, 190, 6),
                           segment(10, 190, 10, 10, 6), segment(10, 95, 110, 95, 6)})},
  };
  for (const auto& [name, covers] : digits) {
    GrayImage tight{120, 200, std::vector<uint8_t>(24000, 255), "page"};
    draw(tight, 0, covers);
    GrayImage roomy{320, 400, std::vector<uint8_t>(128000, 255), "page"};
    draw(roomy, 0, [&covers](double x, double y) { return covers(x - 100, y - 100); });
    // In the smallest pictures no lines are looked for.
    GrayImage small{36, 36, std::vector<uint8_t>(1296, 255), "page"};
    draw(small, 0, [&covers](double x, double y) { return covers((x - 6) * 6, (y - 1) * 6); });
    const auto expected = frame_digits(small, 28).front().pixels;
    for (const GrayImage* page : {&tight, &roomy}) {
      const std::vector<FramedDigit> framed = frame_digits(*page, 28);
      ASSERT_EQ(framed.size(), 1U) << name << ' ' << page->width;
      EXPECT_LT(difference(framed[0].pixels, expected), 20) << name << ' ' << page->width;
    }
  }
}

}  // namespace
}  // namespace digitrec
