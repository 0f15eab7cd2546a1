#include "digitrec/data/summary.h"

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

TEST(CountOverlap, CountsRowsOfTheSecondThatTheFirstHas) {
  const Dataset a = make_dataset({1, 2, 3, 4, 5, 6, 7, 8}, {}, 2, "a");
  const Dataset b = make_dataset({5, 6, 7, 8, 5, 6, 7, 8, 0, 0, 0, 0}, {}, 2, "b");
  EXPECT_EQ(count_overlap(a, b), 2);
  EXPECT_EQ(count_overlap(b, a), 1);
  EXPECT_EQ(count_overlap(a, make_dataset({5}, {}, 1, "c")), 0);
}

}  // namespace
}  // namespace digitrec
