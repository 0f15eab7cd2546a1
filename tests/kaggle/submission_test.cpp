#include "kaggle/submission.h"

#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

SampleSubmission sample_of(int64_t rows) {
  SampleSubmission sample{"ImageId", "Label", rows, {}};
  for (int64_t id = 1; id <= rows; ++id) sample.ids.push_back(std::to_string(id));
  return sample;
}

TEST(CheckSubmission, AcceptsWhatKaggleAccepts) {
  const TempFolder folder;
  for (const std::string text : {"ImageId,Label\n1,0\n2,9\n", "ImageId,Label\n2,9\n1,0\n",
                                 "ImageId,Label\r\n1,0\r\n2,9", "\xEF\xBB\xBFImageId,Label\n1,0\n2,9\n",
                                 "\"ImageId\",\"Label\"\n\"1\",\"0\"\n\"2\",\"9\"\n", "ImageId,Label\n\n1,0\n2,9\n"})
    EXPECT_NO_THROW(check_submission(folder.write("s.csv", text), sample_of(2), 10)) << text;
}

TEST(CheckSubmission, RefusesWhatKaggleDoesNotRead) {
  const TempFolder folder;
  const std::string again = "; make it again with digitrec predict, or save it as CSV in UTF-8 with commas";
  std::string wide("\xff\xfe", 2);
  for (const char c : std::string("ImageId,Label\n1,0\n2,9\n")) wide += std::string{c, '\0'};
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"ImageId;Label\n1;0\n2;9\n", ":1: semicolons between the fields; Kaggle reads commas" + again},
           {"ImageId\tLabel\n1\t0\n2\t9\n", ":1: tabs between the fields; Kaggle reads commas" + again},
           {wide, ": UTF-16, which Kaggle does not read" + again},
           {"ImageId, Label\n1,0\n2,9\n",
            ":1: a blank beside a name in the header 'ImageId, Label', which Kaggle takes for a part of it; remove "
            "it"}}) {
    const auto path = folder.write("s.csv", text);
    EXPECT_ERROR(check_submission(path, sample_of(2), 10), Error, path.string() + message);
  }
}

TEST(DoubtOrder, ComparesWithTheTestFile) {
  const Submission submission{.ids = {"1", "2"}, .labels = {0, 9}};
  EXPECT_EQ(doubt_order(submission, {}), "");
  EXPECT_EQ(doubt_order(submission, {"1", "2"}), "");
  EXPECT_EQ(doubt_order(submission, {"2", "1"}),
            "row 1 has the id 1, that of the test file 2: right if rows were sorted, wrong if numbered");
}

TEST(CheckSubmission, MendsNothing) {
  const TempFolder folder;
  const std::string two = " fields in the header; expected 2, an id and a label, as in ImageId,Label";
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"\"ImageId,Label\"\n\"1,0\"\n\"2,9\"\n", ":1: 1" + two},
           {"ImageId,Label\n\"1,0\"\n2,9\n", ":2: 1 fields; expected 2 as in the header (is the file cut off?)"},
           {"ImageId,Label\n1,0\n2,9\n\x1a", ":4: 1 fields; expected 2 as in the header (is the file cut off?)"},
           {"ImageId,Label\n1,0\n2,9\x1a", ":3: column Label: '9?' is not a whole number 0 to 999"},
           {"ImageId,Label\n1,0\n2,9\n,\n", ":4: ImageId is '', which no test image has"},
           {"ImageId,Label\r1,0\r2,9\r", ":1: 4" + two}}) {
    const auto path = folder.write("s.csv", text);
    EXPECT_ERROR(check_submission(path, sample_of(2), 10), Error, path.string() + message);
  }
}

TEST(CheckSubmission, ReadsWhatIsPacked) {
  const TempFolder folder;
  const std::string text = "ImageId,Label\n1,0\n2,9\n";
  test::write_zip(folder / "submission.csv.zip", {{"submission.csv", text}});
  EXPECT_EQ(check_submission(folder / "submission.csv.zip", sample_of(2), 10).labels, (std::vector<int64_t>{0, 9}));
  test::write_zip(folder / "two.zip", {{"a.csv", text}, {"b.csv", text}});
  EXPECT_ANY_THROW(check_submission(folder / "two.zip", sample_of(2), 10));
}

TEST(CheckSubmission, NamesTheFirstThingWrong) {
  const TempFolder folder;
  const auto refused = [&](const std::string& text, const std::string& message) {
    const auto path = folder.write("s.csv", text);
    EXPECT_ERROR(check_submission(path, sample_of(2), 10), Error, path.string() + message);
  };
  refused("ImageId,Label\n1,0\n2,10\n", ":3: Label is 10; expected 0 to 9");
  refused("ImageId,Label\n1,0\n",
          ": 1 rows; expected 2, one for each test image (ImageId 2 is missing); make it again with digitrec predict");
  refused("ImageId,Label\n2,0\n2,1\n", ":3: ImageId 2 stands in line 2 too; expected each once");
  refused("ImageId,Label\n0,0\n1,1\n", ":2: ImageId is '0', which no test image has");
  refused("ImageId,Label\n1,seven\n", ":2: column Label: 'seven' is not a whole number 0 to 999");
  refused("ImageId,Label\n1,7.0\n", ":2: Label is '7.0', not written as a whole number; expected 7");
  refused("id,label\n1,7\n",
          ":1: the header is 'id,label'; expected ImageId,Label; give --data the folder of the "
          "sample_submission.csv that it was made for");
  refused("Label,ImageId\n7,1\n",
          ":1: the header is 'Label,ImageId'; expected ImageId,Label; write the ids before the labels");
  refused("ImageId,Label,Usage\n1,7,a\n",
          ":1: 3 fields in the header; expected 2, an id and a label, as in ImageId,Label");
}

TEST(CheckSubmission, FollowsTheSampleOfAnotherCompetition) {
  const TempFolder folder;
  const SampleSubmission sample = read_sample_submission(folder.write("sample.csv", "id,label\n10,0\n20,0\n"));
  EXPECT_EQ(sample.id, "id");
  EXPECT_NO_THROW(check_submission(folder.write("s.csv", "id,label\n20,3\n10,4\n"), sample, 10));
}

TEST(CountsRows, TellsIdsThatATestFileNeedNotName) {
  EXPECT_TRUE(counts_rows({"id", "label", 3, {"1", "2", "3"}}));
  EXPECT_TRUE(counts_rows({"id", "label", 3, {"2", "3", "1"}}));
  EXPECT_FALSE(counts_rows({"id", "label", 3, {"0", "1", "2"}}));
  EXPECT_FALSE(counts_rows({"id", "label", 2, {"a.png", "b.png"}}));
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

TEST(DoubtIds, FindsWhatKaggleRefuses) {
  const SampleSubmission sample{"id", "label", 2, {"1", "2"}};
  EXPECT_EQ(doubt_ids({}, nullptr), "");
  EXPECT_EQ(doubt_ids({}, &sample), "");
  EXPECT_EQ(doubt_ids({"2", "1"}, &sample), "");
  EXPECT_EQ(doubt_ids({"a", "b"}, nullptr), "");
  EXPECT_EQ(doubt_ids({"1", "7"}, &sample), "the sample has no id 7, which row 2 has");
  EXPECT_EQ(doubt_ids({"a", ""}, nullptr), "row 2 has no id");
  EXPECT_EQ(doubt_ids({"a", "b", "a"}, nullptr), "rows 1 and 3 both have the id a");
  const SampleSubmission other{"id", "label", 2, {"x", "y"}};
  EXPECT_EQ(doubt_ids({}, &other), "the sample has no id 1, which row 1 has");
}

TEST(ProbabilitiesCsv, GivesEachClassAColumn) {
  EXPECT_EQ(probabilities_csv(torch::tensor({{0.25F, 0.75F}, {1.0F, 0.0F}})),
            "ImageId,Label,p0,p1\n1,1,0.25,0.75\n2,0,1,0\n");
}

TEST(IdLabelCsv, CallsRowsAndClassesAsTheirFilesDo) {
  const SubmissionNames names{.id = "id", .label = "label", .ids = {"x7", "a,b"}, .classes = {.labels = {1, 5}}};
  EXPECT_EQ(id_label_csv(torch::tensor({1, 0}, torch::kInt64), names), "id,label\nx7,5\n\"a,b\",1\n");
  EXPECT_EQ(probabilities_csv(torch::tensor({{0.25F, 0.75F}, {1.0F, 0.0F}}), names),
            "id,label,p1,p5\nx7,5,0.25,0.75\n\"a,b\",1,1,0\n");
}

}  // namespace
}  // namespace digitrec
