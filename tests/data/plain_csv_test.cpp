#include "data/plain_csv.h"

#include "data/csv.h"
#include "support.h"

#include <spdlog/fmt/fmt.h>

namespace digitrec {
namespace {

/// A Kaggle CSV of 28 x 28 images with many zeros and numbers of all lengths, larger than the pieces it is read in.
std::string big_csv(int64_t rows, const std::string& line_break = "\n") {
  std::string text = "label";
  for (int i = 0; i < 784; ++i) text += fmt::format(",pixel{}", i);
  text += line_break;
  for (int64_t row = 0; row < rows; ++row) {
    text += std::to_string(row % 10);
    for (int64_t i = 0; i < 784; ++i) {
      const int64_t value = (row * 31 + i * 7) % 11 < 8 ? 0 : (row * 131 + i * i * 17) % 256;
      text += ',' + std::to_string(value);
    }
    text += line_break;
  }
  return text;
}

TEST(PlainCsv, EqualsTheCarefulReader) {
  const test::TempFolder folder;
  for (const std::string line_break : {"\n", "\r\n"}) {
    const std::string text = big_csv(2000, line_break);
    const auto plain_file = folder.write("plain.csv", text);
    ASSERT_TRUE(read_plain_rows(plain_file, 785, 0, 999));
    // The careful reader takes over where a field has a blank beside it.
    std::string blank = text;
    blank.insert(blank.rfind(',') + 1, " ");
    const auto careful_file = folder.write("careful.csv", blank);
    ASSERT_FALSE(read_plain_rows(careful_file, 785, 0, 999));

    const Dataset plain = read_csv(plain_file, Labels::required, 0);
    const Dataset careful = read_csv(careful_file, Labels::required, 0);
    EXPECT_EQ(plain.size(), 2000);
    EXPECT_TRUE(torch::equal(plain.images, careful.images));
    EXPECT_TRUE(torch::equal(plain.labels, careful.labels));
  }
}

TEST(PlainCsv, TakesTheLabelFromAnyColumnOrNone) {
  const test::TempFolder folder;
  const auto last = read_plain_rows(folder.write("last.csv", "pixel0,pixel1,label\n1,2,3\n4,255,6\n"), 3, 2, 999);
  ASSERT_TRUE(last);
  EXPECT_TRUE(torch::equal(last->pixels, torch::tensor({{1, 2}, {4, 255}}).to(torch::kUInt8)));
  EXPECT_TRUE(torch::equal(last->labels, torch::tensor({3, 6})));
  const auto middle = read_plain_rows(folder.write("middle.csv", "a,label,b,c,d,e,f\n1,9,0,0,0,0,7\n"), 7, 1, 999);
  ASSERT_TRUE(middle);
  EXPECT_TRUE(torch::equal(middle->pixels, torch::tensor({{1, 0, 0, 0, 0, 7}}).to(torch::kUInt8)));
  const auto none = read_plain_rows(folder.write("none.csv", "a,b,c,d,e\n0,0,0,0,0\n0,0,0,0,1"), 5, -1, 999);
  ASSERT_TRUE(none);
  EXPECT_TRUE(torch::equal(none->pixels, torch::tensor({{0, 0, 0, 0, 0}, {0, 0, 0, 0, 1}}).to(torch::kUInt8)));
  EXPECT_FALSE(none->labels.defined());
}

TEST(PlainCsv, LeavesWhatIsNotPlainToTheCarefulReader) {
  const test::TempFolder folder;
  const std::string header = "label,a,b,c,d\n";
  for (const std::string body : {"1,0,0,0,256\n", "1,0,0,0\n", "1,0,0,0,0,0\n", "1,0,0,0,\n", "1,0,0,0,x\n",
                                 "1,0,0,0,-1\n", "\n", "1,0,0,0,0\n\n1,0,0,0,0\n", "1,0,0,0,0001\n", "1000,0,0,0,0\n",
                                 "1,0,0,0,0 \n", ",0,0,0,0\n", "1,0,,0,0\n", "1;0;0;0;0\n"}) {
    EXPECT_FALSE(read_plain_rows(folder.write("x.csv", header + body), 5, 0, 999)) << body;
  }
  EXPECT_FALSE(read_plain_rows(folder.write("gz.csv.gz", test::gzip(header + "1,0,0,0,0\n")), 5, 0, 999));
  EXPECT_FALSE(read_plain_rows(folder.write("header.csv", header), 5, 0, 999));
  EXPECT_FALSE(read_plain_rows(folder / "missing.csv", 5, 0, 999));
}

}  // namespace
}  // namespace digitrec
