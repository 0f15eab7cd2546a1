#include "data/grey_levels.h"

#include "digitrec/data/source.h"
#include "support.h"

#include <spdlog/fmt/fmt.h>

namespace digitrec {
namespace {

using test::TempFolder;

/// Two rows of 8 x 8 pixels of `background`, with `ink` in the middle.
std::string table_of(int background, int ink) {
  std::string text = "label";
  for (int i = 0; i < 64; ++i) text += ",pixel" + std::to_string(i);
  for (const char* label : {"\n0", "\n1"}) {
    text += label;
    for (int i = 0; i < 64; ++i) text += "," + std::to_string(i == 27 || i == 28 ? ink : background);
  }
  return text + "\n";
}

Dataset read(int background, int ink) {
  const TempFolder folder;
  return load_dataset(folder.write("train.csv", table_of(background, ink)), Purpose::train);
}

TEST(GreyLevels, OfLoadDigitsAreSixteen) {
  const Dataset digits = read(0, 16);
  EXPECT_EQ(digits.reading, "pixels 0 to 16");
  EXPECT_EQ(digits.images.max().item<int>(), 255);
  EXPECT_EQ(read(8, 16).images.min().item<int>(), 128);
  for (const int most : {15, 17, 100}) {
    EXPECT_EQ(read(0, most).images.max().item<int>(), most);
    EXPECT_EQ(read(0, most).reading, fmt::format("no pixel is above {}, where white is 255", most));
  }
}

TEST(GreyLevels, OfADarkSetAreNamed) {
  EXPECT_EQ(read(0, 3).reading, "no pixel is above 3, where white is 255");
  EXPECT_EQ(read(0, 127).reading, "no pixel is above 127, where white is 255");
  EXPECT_EQ(read(0, 128).reading, "");
  // 0 to 1, with a pixel that was not scaled.
  const TempFolder folder;
  std::string text = table_of(1, 0);
  text.replace(text.rfind(",1"), 2, ",255");
  EXPECT_EQ(load_dataset(folder.write("train.csv", text), Purpose::train).reading,
            "nearly all pixels are 0 or 1, where white is 255");
}

TEST(GreyLevels, AWhiteBackgroundIsNamed) {
  const std::string white = "the background is white, not black as MNIST's and as of pictures: 255 - pixel turns it";
  EXPECT_EQ(read(255, 0).reading, white);
  EXPECT_EQ(read(240, 30).reading, white);
  for (const auto& [background, ink] : {std::pair{0, 255}, {150, 0}, {255, 255}})
    EXPECT_EQ(read(background, ink).reading, "") << background;
}

}  // namespace
}  // namespace digitrec
