// Labels as people write them, and where they stand.
#include "data/csv.h"
#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

constexpr const char* kPixels = ",pixel0,pixel1,pixel2,pixel3\n";

std::string rows_of(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) text += label + ",9,8,7,255\n";
  return text;
}

TEST(LabelRows, DigitsAndLettersAreNames) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "label" + (kPixels + rows_of({"7", "B", "0", "A", "B"})));
  const Dataset data = read_csv(path, Labels::required);
  EXPECT_EQ(data.classes.names, (std::vector<std::string>{"0", "7", "A", "B"}));
  EXPECT_TRUE(data.labels.equal(torch::tensor({1, 3, 0, 2, 3}, torch::kInt64)));
}

TEST(LabelRows, AWordAmongNumbersIsAMistakeWhereverItStands) {
  const TempFolder folder;
  for (const auto& [labels, line] : {std::pair{std::vector<std::string>{"x", "7", "0", "1"}, "2"},
                                     std::pair{std::vector<std::string>{"7", "0", "x", "1"}, "4"}}) {
    const auto path = folder.write("a.csv", "label" + (kPixels + rows_of(labels)));
    EXPECT_ERROR(read_csv(path, Labels::required), Error,
                 path.string() + ":" + line + ": column label: 'x' is not a number; expected a whole number 0 to 999");
  }
}

TEST(LabelRows, QuestionMarksAreWithheld) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "label" + (kPixels + rows_of({"?", "?"})));
  const Dataset data = read_csv(path, Labels::optional);
  EXPECT_FALSE(data.has_labels());
  EXPECT_EQ(data.reading, "labels withheld");
  EXPECT_ERROR(read_csv(path, Labels::required), Error,
               path.string() + ": column label: each label is '?', withheld; expected labels");
}

TEST(LabelRows, SingleQuotesAndPlusSignsAreRead) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "'label','pixel0'\n'5','+9'\n");
  const Dataset data = read_csv(path, Labels::required);
  EXPECT_EQ(data.labels.item<int64_t>(), 5);
  EXPECT_EQ(data.images.item<int>(), 9);
}

TEST(LabelRows, HaveOtherNamesBesideNumberedPixels) {
  const TempFolder folder;
  for (const char* name : {"letter", "Character", "class_name"}) {
    const auto path = folder.write("a.csv", name + (kPixels + rows_of({"c", "h"})));
    EXPECT_EQ(read_csv(path, Labels::required).classes.names, (std::vector<std::string>{"c", "h"})) << name;
  }
  const auto both = folder.write("b.csv", "label,letter" + (kPixels + rows_of({"2,c", "7,h"})));
  EXPECT_EQ(read_csv(both, Labels::required).labels[1].item<int64_t>(), 7);
  const auto merged = folder.write("c.csv", "label_x,label_y" + (kPixels + rows_of({"2,2"})));
  EXPECT_ERROR(read_csv(merged, Labels::optional), Error,
               merged.string() +
                   ":1: columns label_x and label_y may both be the labels; expected one; rename the one that is it to "
                   "label");
  const auto hot = folder.write("d.csv", "label_0,label_1" + (kPixels + rows_of({"0,1"})));
  EXPECT_ERROR(read_csv(hot, Labels::optional), Error,
               hot.string() +
                   ":1: columns label_0 to label_1 are the label, one-hot; expected one column of labels; write their "
                   "argmax");
}

TEST(LabelRows, LinesOfSeparatorsAndWholeLinesInQuotesAreRead) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "\"label,pixel0,pixel1,pixel2,pixel3\"\n\"5,1,2,3,4\"\n,,,,\n");
  const Dataset data = read_csv(path, Labels::required);
  EXPECT_EQ(data.labels.item<int64_t>(), 5);
  EXPECT_TRUE(data.images.flatten().equal(torch::tensor({1, 2, 3, 4}, torch::kUInt8)));
}

TEST(CsvPixels, SharesThatOvershootAreRefused) {
  const TempFolder folder;
  const std::string header = std::string("label") + kPixels;
  EXPECT_EQ(read_csv(folder.write("a.csv", header + "1,0,0.5,1.0001,0\n"), Labels::required).images.max().item<int>(),
            255);
  for (const char* most : {"1.004", "1.02", "2"}) {
    const auto path = folder.write("b.csv", header + "1,0,0.5,1," + most + "\n");
    EXPECT_ERROR(read_csv(path, Labels::required), Error,
                 path.string() + ": pixels from 0 to " + most +
                     ", some of them fractions; expected 0 to 255, or 0 to 1; cut off what is above 1, as "
                     "numpy.clip(x, 0, 1) does, if 1 is white");
  }
}

}  // namespace
}  // namespace digitrec
