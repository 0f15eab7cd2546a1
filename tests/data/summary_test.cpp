#include "data/summary.h"

#include "support.h"

namespace digitrec {
namespace {

TEST(Summarize, CountsClassesDuplicatesConflictsAndBlanks) {
  // Rows 0, 2 and 3 show the same picture, row 3 under another label; row 1 is blank.
  const Dataset data = make_dataset({1, 2, 3, 4, 9, 9, 9, 9, 1, 2, 3, 4, 1, 2, 3, 4}, {0, 2, 0, 2}, 2, "x");
  const DatasetSummary s = summarize(data);
  EXPECT_EQ(s.rows, 4);
  EXPECT_EQ(s.image_size, 2);
  EXPECT_EQ(s.classes, 3);
  EXPECT_EQ(s.histogram, (std::vector<int64_t>{2, 0, 2}));
  EXPECT_EQ(s.duplicates, 2);
  EXPECT_EQ(s.conflicts, 1);
  EXPECT_EQ(s.blank, 1);
}

}  // namespace
}  // namespace digitrec
