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
  CsvColumns columns = name_csv_columns(header, fail);
  place_csv_pixels(columns, fail);
  return columns;
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
  EXPECT_EQ(columns_of("label,p1,p4,p3,p2").order, (Order{0, 3, 2, 1}));        // counted from 1
  EXPECT_EQ(columns_of("2,1,0,3,label").order, (Order{2, 1, 0, 3}));            // numbers alone, as pandas names them
  EXPECT_EQ(columns_of("v2_p2,v2_p0,v2_p1,v2_p3").order, (Order{1, 2, 0, 3}));  // what all share is no pixel's
  EXPECT_EQ(columns_of("label,1x1,2x1,1x2,2x2").order, (Order{0, 2, 1, 3}));    // row and column
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

TEST(CsvColumns, RefuseAColumnThatIsNoPixel) {
  const auto refused = [](const std::string& header, const std::string& message) {
    EXPECT_ERROR(columns_of(header), Error, message);
  };
  refused("ImageId,pixel0,pixel1,pixel2",
          "column 1, 'ImageId', is neither the label nor a pixel such as pixel0; remove it");
  refused("label,pixel0,pixel1,pixel2,pixel3,",
          "column 6, '', is neither the label nor a pixel such as pixel0; remove it");
  refused("Labels,pixel0,pixel1,pixel2,pixel3",
          "column 1, 'Labels', is neither the label nor a pixel such as pixel0; remove it");
}

}  // namespace
}  // namespace digitrec
