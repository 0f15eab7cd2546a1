#include "data/csv.h"

#include "data/csv_writer.h"
#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

constexpr const char* kHeader = "label,pixel0,pixel1,pixel2,pixel3\n";

TEST(ReadCsv, ReadsLabelsAndPixels) {
  const TempFolder folder;
  const Dataset data =
      read_csv(folder.write("a.csv", std::string(kHeader) + "7,0,1,2,255\n3,9,8,7,6\n"), Labels::required);
  EXPECT_EQ(data.size(), 2);
  EXPECT_EQ(data.image_size(), 2);
  EXPECT_EQ(data.num_classes(), 8);
  EXPECT_TRUE(data.images.equal(torch::tensor({0, 1, 2, 255, 9, 8, 7, 6}, torch::kUInt8).view({2, 2, 2})));
  EXPECT_TRUE(data.labels.equal(torch::tensor({7, 3}, torch::kInt64)));
}

TEST(ReadCsv, FindsTheLabelColumnByItsName) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "pixel0,label,pixel1,pixel2,pixel3\n1,5,2,3,4\n");
  const Dataset data = read_csv(path, Labels::required);
  EXPECT_EQ(data.labels.item<int64_t>(), 5);
  EXPECT_TRUE(data.images.flatten().equal(torch::tensor({1, 2, 3, 4}, torch::kUInt8)));
  EXPECT_FALSE(read_csv(path, Labels::ignored).has_labels());
}

TEST(ReadCsv, ReadsWhatOtherProgramsWrite) {
  const TempFolder folder;
  const torch::Tensor pixels = torch::tensor({1, 2, 3, 4, 5, 6, 7, 8}, torch::kUInt8).view({2, 2, 2});
  const torch::Tensor labels = torch::tensor({5, 6}, torch::kInt64);
  for (const std::string text : {
           "Label,pixel0,pixel1,pixel2,pixel3\n5,1,2,3,4\n6,5,6,7,8\n",                              // other names
           "pixel0,pixel1,pixel2,pixel3,CLASS\n1,2,3,4,5\n5,6,7,8,6\n",                              //
           "y,pixel0,pixel1,pixel2,pixel3\r\n\r\n5,1,2,3,4\r\n\r\n6,5,6,7,8\r\n\r\n",                // blank lines
           "label,pixel0,pixel1,pixel2,pixel3\n5.0,1,2,3,4\n6.0,5.0,6,7,8e0\n",                      // reals
           "\"label\",\"pixel0\",\"pixel1\",\"pixel2\",\"pixel3\"\n5,1,2,3,4\n\"6\",\"5\",6,7,8\n",  // R
       }) {
    const Dataset data = read_csv(folder.write("a.csv", text), Labels::required);
    EXPECT_TRUE(data.images.equal(pixels)) << text;
    EXPECT_TRUE(data.labels.equal(labels)) << text;
  }
}

/// Rows of 8 x 8 pixels, all 3 but the corners, which are 0, with `before` and `after` around them.
std::string unnamed_row(const std::string& before, const std::string& after) {
  std::string pixels = "0";
  for (int i = 1; i < 63; ++i) pixels += ",3";
  return before + pixels + ",0" + after + "\n";
}

TEST(ReadCsv, ReadsFilesWithoutAHeader) {
  const TempFolder folder;
  const auto check = [&](const std::string& text, const std::vector<int64_t>& labels) {
    for (const Labels wanted : {Labels::optional, Labels::ignored}) {
      const Dataset data = read_csv(folder.write("a.csv", text), wanted);
      ASSERT_EQ(data.image_size(), 8);
      ASSERT_EQ(data.size(), 2);
      EXPECT_EQ(data.images.sum().item<int64_t>(), 2 * 62 * 3);
      EXPECT_EQ(data.images.select(1, 0).select(1, 0).max().item<int64_t>(), 0);
      ASSERT_EQ(data.has_labels(), !labels.empty() && wanted == Labels::optional);
      if (data.has_labels()) {
        EXPECT_TRUE(data.labels.equal(torch::tensor(labels))) << text;
      }
    }
  };
  check(unnamed_row("5,", "") + unnamed_row("6,", ""), {5, 6});
  check(unnamed_row("5.0,", "") + "\n" + unnamed_row("6.0,", ""), {5, 6});
  check(unnamed_row("", ",5") + unnamed_row("", ",6"), {5, 6});
  check(unnamed_row("7,", "") + unnamed_row("7,", ""), {7, 7});
  check(unnamed_row("", "") + unnamed_row("", ""), {});
  const auto unlabelled = folder.write("b.csv", unnamed_row("", ""));
  EXPECT_ERROR(read_csv(unlabelled, Labels::required), Error,
               unlabelled.string() +
                   ":1: 64 numbers and no header: images without labels; expected one number more, the "
                   "label, before them");
  std::string numbered;
  for (int i = 1; i <= 30; ++i) numbered += unnamed_row(std::to_string(i) + ",", "");
  const auto ids = folder.write("c.csv", numbered);
  EXPECT_ERROR(read_csv(ids, Labels::required), Error,
               ids.string() +
                   ": no header, and the first column holds another number in each row: an id? expected a "
                   "label before the pixels; remove the column, or name it in a header");
}

/// `text` so many times.
std::string times(int64_t count, const std::string& text) {
  std::string all;
  for (int64_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(ReadCsv, FindsTheLabelOfOneClassAtEitherEnd) {
  const TempFolder folder;
  const auto label_of = [&](const std::string& text) {
    const Dataset data = read_csv(folder.write("a.csv", text), Labels::required);
    EXPECT_EQ(data.images[0].sum().item<int64_t>(), 62 * 3) << text;
    EXPECT_TRUE(data.labels.eq(data.labels[0]).all().item<bool>()) << text;
    return data.labels[0].item<int64_t>();
  };
  for (const int64_t rows : {1, 3, 30}) {
    EXPECT_EQ(label_of(times(rows, unnamed_row("3,", ""))), 3);
    EXPECT_EQ(label_of(times(rows, unnamed_row("", ",3"))), 3);
  }
}

TEST(ReadCsv, FindsTheLabelBesideACornerWithNoise) {
  const TempFolder folder;
  std::string first;
  std::string last;
  for (int i = 0; i < 60; ++i) {
    std::string pixels = i % 9 == 0 ? "7" : "0";
    for (int k = 1; k < 63; ++k) pixels += ",3";
    pixels += i % 11 == 0 ? ",9" : ",0";
    first += std::to_string(i % 5) + "," + pixels + "\n";
    last += pixels + "," + std::to_string(i % 5) + "\n";
  }
  for (const std::string& text : {first, last}) {
    const Dataset data = read_csv(folder.write("a.csv", text), Labels::required);
    EXPECT_TRUE(data.labels.equal(torch::arange(60) % 5));
    EXPECT_EQ(data.images[0][0][0].item<int>(), 7);
  }
}

TEST(ReadCsv, RefusesToGuessBetweenTwoThatMayBeTheLabel) {
  const TempFolder folder;
  const std::string noisy = times(39, unnamed_row("0,", "")) + unnamed_row("0,", "").replace(128, 1, "5");
  for (const std::string& text : {times(1, unnamed_row("0,", "")), times(30, unnamed_row("0,", "")), noisy,
                                  unnamed_row("7,", "").replace(128, 1, "5"),  // one row
                                  times(9, unnamed_row("", ",0")) + "9" + unnamed_row("", ",0").substr(1),
                                  unnamed_row("", ",0") + "190" + unnamed_row("", ",0").substr(1)}) {
    const auto path = folder.write("a.csv", text);
    EXPECT_ERROR(read_csv(path, Labels::ignored), Error,
                 path.string() +
                     ": no header, and the first column as well as the last may be the label; expected a header like "
                     "label,pixel0,pixel1,...; name the column of the labels in it");
  }
}

TEST(ReadCsv, RefusesIdsInTheLabelsPlace) {
  const TempFolder folder;
  std::string first;
  std::string last;
  for (int row = 0; row < 300; ++row) {
    first += unnamed_row(std::to_string(row) + ",", "");
    last += unnamed_row("", "," + std::to_string(row * 7 % 300));
  }
  for (const auto& [place, text] : {std::pair{"first", first}, std::pair{"last", last}}) {
    const auto path = folder.write("a.csv", text);
    EXPECT_ERROR(read_csv(path, Labels::required), Error,
                 path.string() + ": no header, and the " + place +
                     " column holds another number in each row: an id? expected a label before the pixels; remove the "
                     "column, or name it in a header");
  }
}

TEST(ReadCsv, FindsPixelsByTheNumbersInTheirNames) {
  const TempFolder folder;
  const auto plain = folder.write("a.csv", "pixel3,pixel2,label,pixel1,pixel0\n4,3,5,2,1\n8,7,6,6,5\n");
  const auto blanks = folder.write("b.csv", "pixel3,pixel2,label,pixel1,pixel0\n4, 3,5,2,1\n8,7,6,6,5\n");
  const torch::Tensor expected = torch::tensor({1, 2, 3, 4, 5, 6, 7, 8}, torch::kUInt8).view({2, 2, 2});
  for (const auto& path : {plain, blanks}) {
    const Dataset data = read_csv(path, Labels::required);
    EXPECT_TRUE(data.images.equal(expected)) << path;
    EXPECT_TRUE(data.labels.equal(torch::tensor({5, 6}, torch::kInt64))) << path;
  }
}

TEST(ReadCsv, SkipsLabelsThatAreIgnoredWhateverTheyHold) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", std::string(kHeader) + "unknown,1,2,3,4\n5000,5,6,7,8\n");
  EXPECT_EQ(read_csv(path, Labels::ignored).size(), 2);
}

TEST(ReadCsv, InventsNoRowAfterABigFileWithoutLastLineBreak) {
  // The line reader's blocks are 16 MiB; in this file the byte one block before the end is a line break.
  const TempFolder folder;
  constexpr int64_t kRows = 10'000'000;
  std::string text = "label,p\n";
  for (int64_t i = 0; i < kRows; ++i) text += "0,5\n";
  text.pop_back();
  EXPECT_EQ(read_csv(folder.write("a.csv", text), Labels::required).size(), kRows);
}

TEST(ReadCsv, StopsAfterTheRowsAskedFor) {
  const TempFolder folder;
  EXPECT_EQ(read_csv(folder.write("a.csv", test::tiny_csv(10)), Labels::required, 4).size(), 4);
}

struct Accepted {
  const char* name;
  std::string text;

  friend void PrintTo(const Accepted& c, std::ostream* out) { *out << c.name; }
};

class AcceptedCsv : public testing::TestWithParam<Accepted> {};

TEST_P(AcceptedCsv, ReadsTheSameTwoRows) {
  const TempFolder folder;
  const Dataset data = read_csv(folder.write("a.csv", GetParam().text), Labels::required);
  EXPECT_TRUE(data.labels.equal(torch::tensor({1, 2}, torch::kInt64)));
  EXPECT_TRUE(data.images.equal(torch::tensor({0, 1, 2, 3, 4, 5, 6, 255}, torch::kUInt8).view({2, 2, 2})));
}

INSTANTIATE_TEST_SUITE_P(
    Variants, AcceptedCsv,
    testing::Values(Accepted{"Plain", std::string(kHeader) + "1,0,1,2,3\n2,4,5,6,255\n"},
                    Accepted{"NoLastLineBreak", std::string(kHeader) + "1,0,1,2,3\n2,4,5,6,255"},
                    Accepted{"Crlf", "label,pixel0,pixel1,pixel2,pixel3\r\n1,0,1,2,3\r\n2,4,5,6,255\r\n"},
                    Accepted{"ByteOrderMark", "\xEF\xBB\xBF" + std::string(kHeader) + "1,0,1,2,3\n2,4,5,6,255\n"},
                    Accepted{"BlankLastLines", std::string(kHeader) + "1,0,1,2,3\n2,4,5,6,255\n\n  \n"},
                    Accepted{"Blanks", "label, pixel0,pixel1 ,pixel2,pixel3\n1, 0,1 ,2,3\n2,4,5,6, 255\n"},
                    Accepted{"LeadingZeros", std::string(kHeader) + "01,000,1,2,3\n2,4,5,6,0255\n"},
                    Accepted{"Gzip", test::gzip(std::string(kHeader) + "1,0,1,2,3\n2,4,5,6,255\n")},
                    Accepted{"GzipInParts",
                             test::gzip(std::string(kHeader) + "1,0,1,2,3\n") + test::gzip("2,4,5,6,255\n")},
                    Accepted{"GzipPaddedWithZeros",
                             test::gzip(std::string(kHeader) + "1,0,1,2,3\n2,4,5,6,255\n") + std::string(300, '\0')}),
    [](const auto& instance) { return instance.param.name; });

struct BadCsv {
  const char* name;
  std::string text;
  std::string message;  ///< after the file's name

  friend void PrintTo(const BadCsv& c, std::ostream* out) { *out << c.name; }
};

class RefusedCsv : public testing::TestWithParam<BadCsv> {};

TEST_P(RefusedCsv, NamesFileLineAndColumn) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", GetParam().text);
  EXPECT_ERROR(read_csv(path, Labels::required), Error, path.string() + GetParam().message);
}

const std::string kH = kHeader;

INSTANTIATE_TEST_SUITE_P(
    BadInput, RefusedCsv,
    testing::Values(
        BadCsv{"Empty", "", ": the file is empty; expected a header like label,pixel0,pixel1,..."},
        BadCsv{"OnlyHeader", kH, ": only a header; expected one row per image below it"},
        BadCsv{"NoLabel", "pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n",
               ":1: no column is named label; expected a header like label,pixel0,pixel1,... (is this the test file?)"},
        BadCsv{"NoHeader", "1,2,3,4,5\n1,2,3,4,5\n",
               ":1: the first line holds numbers; expected a header like label,pixel0,pixel1,..."},
        BadCsv{"TwoLabels", "label,label,pixel0\n1,1,1\n", ":1: two columns are named label; expected one"},
        BadCsv{"NotSquare", "label,pixel0,pixel1,pixel2\n1,2,3,4\n",
               ":1: 3 pixel columns do not make a square image; expected a square number, such as 784 for 28 x 28"},
        BadCsv{"IdAsPixel", "label,ImageId,pixel0,pixel1,pixel2\n1,2,3,4,5\n",
               ":1: 3 pixel columns do not make a square image; expected a square number, such as 784 for 28 x 28"},
        BadCsv{"OnePixelManyTimes", "label,pixel0,pixel0,pixel0,pixel0\n1,2,3,4,5\n",
               ":1: two columns are named pixel0; expected each pixel once"},
        BadCsv{"TooFewFields", kH + "1,0,1,2,3\n1,0,1,2\n",
               ":3: 4 fields; expected 5 as in the header (is the file cut off?)"},
        BadCsv{"TooManyFields", kH + "1,0,1,2,3,4\n",
               ":2: 6 fields; expected 5 as in the header (is the file cut off?)"},
        BadCsv{"Truncated", kH + "1,0,1,2,3\n1,0", ":3: 2 fields; expected 5 as in the header (is the file cut off?)"},
        BadCsv{"NotANumber", kH + "1,0,abc,2,3\n",
               ":2: column pixel1: 'abc' is not a number; expected a whole number 0 to 255"},
        BadCsv{"EmptyField", kH + "1,0,,2,3\n",
               ":2: column pixel1: the field is empty; expected a whole number 0 to 255"},
        BadCsv{"Negative", kH + "1,0,1,2,-1\n", ":2: column pixel3: -1 is below 0; expected a whole number 0 to 255"},
        BadCsv{"Above255", kH + "1,0,1,2,256\n",
               ":2: column pixel3: 256 is above 255; expected a whole number 0 to 255"},
        BadCsv{"Huge", kH + "1,0,1,2,99999999999999999999999\n",
               ":2: column pixel3: 99999999999999999999999 is above 255; expected a whole number 0 to 255"},
        BadCsv{"NegativeLabel", kH + "-2,0,1,2,3\n",
               ":2: column label: -2 is below 0; expected a whole number 0 to 999"},
        BadCsv{"LabelBeyond", kH + "1000,0,1,2,3\n",
               ":2: column label: 1000 is above 999; expected a whole number 0 to 999"},
        BadCsv{"QuoteLeftOpen", kH + "\"1,0,1,2,3\n",
               ":2: column label: '\"1' is not a number; expected a whole number 0 to 999"},
        BadCsv{"TwoThatMayBeLabels", "label,class,pixel0\n1,1,1\n",
               ":1: columns label and class may both be the labels; expected one"},
        BadCsv{"NotText",
               std::string("\x7F"
                           "ELF\0\0\1",
                           7),
               ": a program; expected comma-separated values with a header"},
        BadCsv{"Words", "hello world\nthis is no table\n",
               ":1: no column is named label; expected a header like label,pixel0,pixel1,... (is this the test file?)"},
        BadCsv{"ManyColumns", "label" + std::string(100'000, ',') + "\n",
               ":1: the line is longer than a label and 256 x 256 pixels can be"},
        BadCsv{"LongLine", "label" + std::string(20'000'000, ',') + "\n",
               ":1: the line is longer than a label and 256 x 256 pixels can be"},
        BadCsv{"StrayByteBetweenGzipParts", test::gzip(kH + "1,0,1,2,3\n") + "x" + test::gzip("1,0,1,2,3\n"),
               ": bytes that are no gzip follow the packed data; expected its end or more gzip; fetch it again"},
        BadCsv{"StrayZeroBetweenGzipParts",
               test::gzip(kH + "1,0,1,2,3\n") + std::string(1, '\0') + test::gzip("1,0,1,2,3\n"),
               ": bytes that are no gzip follow the packed data; expected its end or more gzip; fetch it again"},
        BadCsv{"CutGzip", test::gzip(kH + "1,0,1,2,3\n").substr(0, 30),
               ": damaged or truncated gzip file (unexpected end of file); fetch it again"}),
    [](const auto& instance) { return instance.param.name; });

TEST(ReadCsv, RefusesTenMillionColumns) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "label" + std::string(9'999'999, ',') + "\n");
  EXPECT_ERROR(read_csv(path, Labels::required), Error,
               path.string() + ":1: the line is longer than a label and 256 x 256 pixels can be");
}

TEST(ReadCsv, NamesAMissingFile) {
  const TempFolder folder;
  const auto path = folder / "none.csv";
  EXPECT_ERROR(read_csv(path, Labels::required), Error, path.string() + ": no such file; check the path");
  EXPECT_ERROR(read_csv(folder.path(), Labels::required), Error,
               folder.path().string() + ": is not a file; name a file");
}

TEST(WriteImageCsv, IsReadBackAsItWas) {
  const TempFolder folder;
  const Dataset data = test::random_dataset({0, 4, 2, 1, 3}, 5);
  write_image_csv(folder / "a.csv", data);
  const Dataset again = read_csv(folder / "a.csv", Labels::required);
  EXPECT_TRUE(again.images.equal(data.images));
  EXPECT_TRUE(again.labels.equal(data.labels));
}

TEST(WriteImageCsv, KeepsTheIds) {
  const TempFolder folder;
  Dataset data = test::random_dataset({0, 1}, 2);
  data.ids = {"7", "a,b"};
  data.id_name = "ImageId";
  write_image_csv(folder / "a.csv", data);
  const Dataset again = read_csv(folder / "a.csv", Labels::optional);
  EXPECT_EQ(again.ids, data.ids);
  EXPECT_EQ(again.id_name, data.id_name);
  EXPECT_TRUE(again.images.equal(data.images));
  EXPECT_TRUE(again.labels.equal(data.labels));
}

TEST(ReadOrderedLabels, WantsIdsInOrder) {
  const TempFolder folder;
  for (const char* text : {"ImageId,Label\n1,3\n2,9\n", "\"id\",\"label\"\r\n\"1\",3\r\n2,9.0\r\n"})
    EXPECT_EQ(read_ordered_labels(folder.write("a.csv", text)), (std::vector<int64_t>{3, 9})) << text;
  const auto path = folder.write("b.csv", "ImageId,Label\n1,3\n3,9\n");
  EXPECT_ERROR(read_ordered_labels(path), Error, path.string() + ":3: ImageId is 3; expected 2 (ids run 1, 2, 3, ...)");
  const auto other = folder.write("c.csv", "ImageId,Label\n1,3,5\n");
  EXPECT_ERROR(read_ordered_labels(other), Error,
               other.string() + ":2: 3 fields; expected 2 as in the header (is the file cut off?)");
}

TEST(CsvField, QuotesWhatNeedsIt) {
  EXPECT_EQ(csv_field("plain.png"), "plain.png");
  EXPECT_EQ(csv_field("a,\"b\".png"), "\"a,\"\"b\"\".png\"");
}

}  // namespace
}  // namespace digitrec
