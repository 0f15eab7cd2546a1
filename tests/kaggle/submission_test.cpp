#include "kaggle/submission.h"

#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

TEST(CheckSubmission, AcceptsAWholeOne) {
  const TempFolder folder;
  EXPECT_NO_THROW(check_submission(folder.write("s.csv", "ImageId,Label\n1,0\n2,9\n"), 2, 10));
}

TEST(CheckSubmission, NamesTheFirstThingWrong) {
  const TempFolder folder;
  const auto labels = folder.write("a.csv", "ImageId,Label\n1,0\n2,10\n");
  EXPECT_ERROR(check_submission(labels, 2, 10), Error, labels.string() + ":3: Label is 10; expected 0 to 9");
  const auto rows = folder.write("b.csv", "ImageId,Label\n1,0\n2,1\n");
  EXPECT_ERROR(
      check_submission(rows, 28000, 10), Error,
      rows.string() + ": 2 rows; expected 28000, one for each test image; make it again with digitrec predict");
  const auto order = folder.write("c.csv", "ImageId,Label\n2,0\n1,1\n");
  EXPECT_ERROR(check_submission(order, 2, 10), Error,
               order.string() + ":2: ImageId is 2; expected 1 (ids run 1, 2, 3, ...)");
  const auto text = folder.write("d.csv", "ImageId,Label\n1,seven\n");
  EXPECT_ERROR(check_submission(text, 1, 10), Error,
               text.string() + ":2: column Label: 'seven' is not a number; expected a whole number 0 to 999");
}

TEST(DoubtLabels, NamesWhatNoDigitsWouldGive) {
  EXPECT_EQ(doubt_labels({3, 3, 3}, 10), "every row is labelled 3");
  EXPECT_EQ(doubt_labels({3}, 10), "");
  EXPECT_EQ(doubt_labels({3, 4, 3}, 10), "");
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 1000; ++i) labels.push_back(i % 10);
  EXPECT_EQ(doubt_labels(labels, 10), "");
  std::replace(labels.begin(), labels.end(), int64_t{7}, int64_t{1});
  EXPECT_EQ(doubt_labels(labels, 10), "no row is labelled 7");
}

TEST(ProbabilitiesCsv, GivesEachClassAColumn) {
  EXPECT_EQ(probabilities_csv(torch::tensor({{0.25F, 0.75F}, {1.0F, 0.0F}})),
            "ImageId,Label,p0,p1\n1,1,0.25,0.75\n2,0,1,0\n");
}

}  // namespace
}  // namespace digitrec
