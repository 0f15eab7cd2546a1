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

TEST(CheckSubmission, AcceptsWhatKaggleAccepts) {
  const TempFolder folder;
  const auto labels_of = [&](std::string_view text) { return check_submission(folder.write("s.csv", text), 3, 10); };
  const std::vector<int64_t> expected{7, 0, 9};
  EXPECT_EQ(labels_of("ImageId,Label\n3,7\n1,0\n2,9\n"), expected);            // shuffled
  EXPECT_EQ(labels_of("ImageId,Label\r\n1,7\r\n2,0\r\n3,9\r\n"), expected);    // Windows
  EXPECT_EQ(labels_of("\xef\xbb\xbfImageId,Label\n1,7\n2,0\n3,9"), expected);  // Excel, no last line break
  EXPECT_EQ(labels_of("\"ImageId\",\"Label\"\n\"1\",7\n\"2\",0\n\"3\",\"9\"\n"), expected);  // R
  EXPECT_EQ(labels_of("ImageId, Label\n1, 7\n\n2, 0\n3, 9\n\n"), expected);
  EXPECT_EQ(labels_of(test::gzip("ImageId,Label\n1,7\n2,0\n3,9\n")), expected);
}

TEST(CheckSubmission, NamesTheFirstThingWrong) {
  struct Case {
    const char* rows;
    const char* message;
  };
  const TempFolder folder;
  for (const Case& wrong : {
           Case{"ImageId,Label\n1,0\n2,10\n", ":3: Label is 10; expected 0 to 9"},
           Case{"ImageId,Label\n1,-1\n2,1\n", ":2: Label is -1; expected 0 to 9"},
           Case{"ImageId,Label\n1,seven\n",
                ":2: column Label: 'seven' is not a number; expected a whole number 0 to 9"},
           Case{"ImageId,Label\n1,7.0\n",
                ":2: column Label: 7.0 is not written as a whole number; expected a whole number 0 to 9"},
           Case{"ImageId,Label\n1,\n", ":2: column Label: the field is empty; expected a whole number 0 to 9"},
           Case{"ImageId,Label\n0,1\n1,1\n", ":2: ImageId is 0; expected 1, 2, 3, ..."},
           Case{"ImageId,Label\n1,0\n2,1\n1,3\n", ":4: ImageId 1 again, as in line 2; expected each once"},
           Case{"ImageId,Label\n3,0\n1,1\n", ":2: ImageId is 3; expected 1 to 2, each once (2 is missing)"},
           Case{"ImageId,Label\n1,0,5\n", ":2: 3 fields; expected 2 as in the header (is the file cut off?)"},
           Case{"ImageId,Label\n1\n", ":2: 1 fields; expected 2 as in the header (is the file cut off?)"},
           Case{"ImageId,Label\n1,0\n",
                ": 1 rows; expected 2, one for each test image; make it again with digitrec predict"},
           Case{"ImageId,Label\n2,0\n",
                ": 1 rows; expected 2, one for each test image (ImageId 1 is missing); make it again with digitrec "
                "predict"},
           Case{"ImageId,Label\n1,0\n2,0\n3,0\n",
                ": 3 rows; expected 2, one for each test image; make it again with digitrec predict"},
           Case{"Id,Label\n1,0\n", ":1: the header is 'Id,Label'; expected ImageId,Label"},
           Case{"1,0\n2,1\n", ":1: the header is '1,0'; expected ImageId,Label"},
           Case{",ImageId,Label\n0,1,0\n",
                ":1: the header is ',ImageId,Label'; expected ImageId,Label; write it without the column of row "
                "numbers (pandas: index=False)"},
           Case{"", ": the file is empty; expected ImageId,Label"},
           Case{"<!DOCTYPE html>\n<html>",
                ": this is an HTML page; expected a submission: ImageId,Label and a row for each image; it is what a "
                "site answers in place of the file: log in there, then fetch it again"},
       }) {
    const auto path = folder.write("wrong.csv", wrong.rows);
    EXPECT_ERROR(check_submission(path, 2, 10), Error, path.string() + wrong.message);
  }
  const auto binary = folder.write("b.csv", std::string_view("I\0m\0", 4));
  EXPECT_ERROR(check_submission(binary, 2, 10), Error,
               binary.string() + ": not a text file; expected a submission: ImageId,Label and a row for each image");
}

TEST(CountSubmissionRows, ChecksTheSample) {
  const TempFolder folder;
  EXPECT_EQ(count_submission_rows(folder.write("s.csv", "ImageId,Label\r\n1,0\r\n2,0\r\n")), 2);
  const auto gap = folder.write("g.csv", "ImageId,Label\n1,0\n3,0\n");
  EXPECT_ERROR(count_submission_rows(gap), Error,
               gap.string() + ":3: ImageId is 3; expected 1 to 2, each once (2 is missing)");
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
