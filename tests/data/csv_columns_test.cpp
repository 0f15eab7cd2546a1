#include "data/csv_columns.h"

#include "digitrec/core/error.h"
#include "support.h"

#include <algorithm>
#include <string>
#include <vector>

namespace digitrec {
namespace {

CsvColumns columns_of(const std::string& header) {
  const FailHeader fail = [](const std::string& message, const std::string& hint) { throw Error(message, hint); };
  return find_csv_columns(header, fail);
}

using Order = std::vector<int64_t>;

TEST(CsvColumns, StandInOrderAsKaggleWritesThem) {
  const CsvColumns columns = columns_of("label,pixel0,pixel1,pixel2,pixel3");
  EXPECT_EQ(columns.label, 0);
  EXPECT_EQ(columns.image_size, 2);
  EXPECT_TRUE(columns.order.empty());
}

TEST(CsvColumns, AreOrderedByTheNumbersInTheirNames) {
  EXPECT_EQ(columns_of("pixel3,pixel2,label,pixel1,pixel0").order, (Order{3, 2, 1, 0}));
  EXPECT_EQ(columns_of("label,p1,p4,p3,p2").order, (Order{0, 3, 2, 1}));          // counted from 1
  EXPECT_EQ(columns_of("2,1,0,3,label").order, (Order{2, 1, 0, 3}));              // numbers alone, as pandas names them
  EXPECT_EQ(columns_of("v2_p2,v2_p0,v2_p1,v2_p3").order, (Order{1, 2, 0, 3}));    // what all share is no pixel's
  EXPECT_EQ(columns_of("label,1x1,2x1,1x2,2x2").order, (Order{0, 2, 1, 3}));      // row and column
  EXPECT_EQ(columns_of("label,x0y0,x0y1,x1y0,x1y1").order, (Order{0, 2, 1, 3}));  // column and row
  EXPECT_TRUE(columns_of("label,x0y0,x1y0,x0y1,x1y1").order.empty());
  EXPECT_EQ(columns_of("label,col1_row1,col1_row2,col2_row1,col2_row2").order, (Order{0, 2, 1, 3}));
}

TEST(CsvColumns, SortTheAlphabetsOrderOfNumbers) {
  std::vector<std::string> names;
  for (int i = 0; i < 784; ++i) names.push_back("pixel" + std::to_string(i));
  std::sort(names.begin(), names.end());  // pixel0, pixel1, pixel10, pixel100, ...
  std::string header = "label";
  for (const std::string& name : names) header += "," + name;
  const CsvColumns columns = columns_of(header);
  ASSERT_EQ(columns.order.size(), 784U);
  for (size_t i = 0; i < 784; ++i) EXPECT_EQ(names[static_cast<size_t>(columns.order[i])], "pixel" + std::to_string(i));
}

TEST(CsvColumns, WithoutNumbersStandInOrder) { EXPECT_TRUE(columns_of("label,d,b,c,a").order.empty()); }

TEST(CsvColumns, RefuseNamesThatFitNoOrder) {
  const auto refused = [](const std::string& header, const std::string& message) {
    EXPECT_ERROR(columns_of(header), Error, message);
  };
  refused("label,pixel0,pixel0,pixel0,pixel0", "two columns are named pixel0; expected each pixel once");
  refused("label,pixel0,pixel1,pixel3,pixel4",
          "no pixel stands between pixel1 and pixel3 by their names; expected numbers without a gap");
  refused("label,1x1,1x2,2x1,2x3",
          "no pixel stands between 2x1 and 2x3 by their names; expected numbers without a gap");
  refused("label,a,b,b,c", "two columns are named b; expected each pixel once");
}

TEST(CsvColumns, LeaveOutWhatIsNoPixel) {
  const auto described = [](const std::string& header) { return describe_columns(columns_of(header)); };
  EXPECT_EQ(described("label,pixel0,pixel1,pixel2,pixel3"), "");
  EXPECT_EQ(described("Unnamed: 0,label,pixel0,pixel1,pixel2,pixel3"),
            "label: column label, number 2; left out: Unnamed: 0");
  EXPECT_EQ(described(",label,pixel0,pixel1,pixel2,pixel3"),
            "label: column label, number 2; left out: a column without a name");
  EXPECT_EQ(described("label,pixel0,pixel1,pixel2,pixel3,"), "left out: a column without a name");
  EXPECT_EQ(described("id,pixel0,pixel1,pixel2,pixel3"), "ids: column id");
  EXPECT_EQ(described("pixel0,pixel1,pixel2,pixel3,writer,Class"), "label: column Class, the last; left out: writer");
  EXPECT_EQ(described("label;pixel3;pixel1;pixel0;pixel2"), "semicolons; pixels sorted by the numbers in their names");
  EXPECT_EQ(described("index,a,b,c,d"), "left out: index");
  EXPECT_EQ(described("label,\"Unnamed: 0\",\"a,b\",b,c,d"), "left out: Unnamed: 0");
}

TEST(CsvColumns, GuessTheLabelWhereNamesSayNothing) {
  std::string of_r;       // read.csv(header = FALSE), then write.csv
  std::string of_pandas;  // read_csv(header=None).to_csv(index=False)
  for (int i = 0; i < 65; ++i) {
    const std::string comma = i > 0 ? "," : "";
    of_r += comma + "V" + std::to_string(i + 1);
    of_pandas += comma + std::to_string(i);
  }
  for (const std::string& header : {of_r, of_pandas}) {
    const CsvColumns columns = columns_of(header);
    EXPECT_EQ(columns.label, 0);
    EXPECT_TRUE(columns.is_label_guessed && columns.has_header);
    EXPECT_EQ(columns.image_size, 8);
  }
}

TEST(CsvColumns, RefuseWhatMakesNoImage) {
  const auto refused = [](const std::string& header, const std::string& message) {
    EXPECT_ERROR(columns_of(header), Error, message);
  };
  refused("ImageId,pixel0,pixel1,pixel2",
          "3 pixel columns do not make a square image; expected a square number, such as 784 for 28 x 28");
  refused("pixels,pixel0,pixel1,pixel2",
          "3 columns named like pixel0 do not make a square image; is 'pixels' one of them?");
  refused("label,class,pixel0", "columns label and class may both be the labels; expected one");
  refused("label,r0,g0,b0,r1,g1,b1,r2,g2,b2,r3,g3,b3",
          "3 columns for each pixel, r0, g0 and b0: colours; expected one, grey; write 0.299 red + 0.587 green + 0.114 "
          "blue as pixel0, pixel1, ...");
  refused("id,ImageId,pixel0", "columns id and ImageId may both be the ids; expected one");
}

}  // namespace
}  // namespace digitrec
