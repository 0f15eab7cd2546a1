// `predict`: a file of test data to a submission, pictures to a table.
#include "cli/trained_run.h"
#include "image/image_file.h"

#include <sstream>

namespace digitrec {
namespace {

using test::count_lines;
using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

class PredictFile : public test::WithTrainedRun {};

TEST_F(PredictFile, LabelsALabelledFileToo) {
  EXPECT_EQ(run_digitrec("predict --checkpoint run --input data/train.csv --out s.csv", folder_.path()).exit_code, 0);
  EXPECT_EQ(count_lines(read_text(folder_ / "s.csv")), 201);
}

TEST_F(PredictFile, HoldsATestFileToTheSampleBesideIt) {
  folder_.write("data/sample_submission.csv", "ImageId,Label\n1,0\n");
  const ProgramResult result = run_digitrec("predict --checkpoint run --out s.csv", folder_.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(
      result.err.find("digitrec: data/test.csv: 20 images, but data/sample_submission.csv has 1 rows; use the test "
                      "file that belongs to it\n"),
      std::string::npos)
      << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s.csv"));
}

TEST_F(PredictFile, WritesAllOfItsFilesOrNone) {
  const std::vector<std::string> before = folder_.entries();
  EXPECT_EQ(run_digitrec("predict --checkpoint run --out none/s.csv --probabilities p.csv", folder_.path()).exit_code,
            1);
  EXPECT_EQ(run_digitrec("predict --checkpoint run --out s.csv --probabilities none/p.csv", folder_.path()).exit_code,
            1);
  const ProgramResult same = run_digitrec("predict --checkpoint run --out s.csv --probabilities s.csv", folder_.path());
  EXPECT_EQ(same.exit_code, 2);
  EXPECT_EQ(same.err, "digitrec: --probabilities: s.csv is the same file as --out; name another\n");
  EXPECT_EQ(folder_.entries(), before);
}

TEST(PredictPictures, WritesATable) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 2000 --test 10", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp --epochs 2 --out run", folder.path()).exit_code, 0);
  std::filesystem::copy(DIGITREC_FIXTURES "/pictures", folder / "pictures");
  const ProgramResult result = run_digitrec("predict --checkpoint run --input pictures", folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("File,Label,Probability,Error\npictures/one.jpg,1,")) << result.out;
  EXPECT_NE(result.out.find("pictures/zero.png,0,"), std::string::npos) << result.out;
  folder.write("pictures/broken.png", "\x89PNG\r\n\x1a\n and no more");
  folder.write("pictures/labels.txt", "012");
  const ProgramResult mixed =
      run_digitrec("predict --checkpoint run --input pictures --probabilities p.csv --out t.csv", folder.path());
  EXPECT_EQ(mixed.exit_code, 1);
  EXPECT_NE(mixed.err.find("left out, no pictures: labels.txt\n"), std::string::npos) << mixed.err;
  EXPECT_NE(mixed.err.find("pictures not read; the column Error says why\n"), std::string::npos) << mixed.err;
  const std::string table = test::read_text(folder / "t.csv");
  EXPECT_NE(table.find("pictures/broken.png,,,"), std::string::npos) << table;
  EXPECT_NE(table.find("pictures/zero.png,0,"), std::string::npos) << table;
  const std::string probabilities = test::read_text(folder / "p.csv");
  EXPECT_TRUE(probabilities.starts_with("File,Line,Position,Label,p0,p1,")) << probabilities;
  EXPECT_NE(probabilities.find("pictures/one.jpg,1,1,1,"), std::string::npos) << probabilities;
}

TEST_F(PredictFile, LeavesPicturesWithoutALabelThatIsLessProbable) {
  std::filesystem::copy(DIGITREC_FIXTURES "/pictures/one.jpg", folder_ / "one.jpg");
  const ProgramResult sure = run_digitrec("predict run one.jpg --min-probability 0", folder_.path());
  EXPECT_EQ(sure.exit_code, 0);
  EXPECT_EQ(sure.err.find("not sure"), std::string::npos) << sure.err;
  const ProgramResult unsure = run_digitrec("predict run one.jpg --min-probability 1", folder_.path());
  EXPECT_EQ(unsure.exit_code, 0);
  EXPECT_TRUE(unsure.out.starts_with("File,Label,Probability,Error\none.jpg,,0.")) << unsure.out;
  EXPECT_NE(unsure.out.find(",not sure: perhaps "), std::string::npos) << unsure.out;
  EXPECT_NE(unsure.err.find("1 of 1 pictures not sure\n"), std::string::npos) << unsure.err;
  const ProgramResult rows = run_digitrec("predict run --min-probability 0.5", folder_.path());
  EXPECT_EQ(rows.exit_code, 2);
  EXPECT_NE(rows.err.find("--min-probability: for pictures; a submission labels every row"), std::string::npos)
      << rows.err;
}

TEST_F(PredictFile, NamesTheRecipeThatReadsOtherWriters) {
  std::filesystem::copy(DIGITREC_FIXTURES "/pictures/one.jpg", folder_ / "one.jpg");
  const std::string hint = "`digitrec train --recipe robust` reads pictures of other writers better than this run\n";
  EXPECT_NE(run_digitrec("predict run one.jpg", folder_.path()).err.find(hint), std::string::npos);
  EXPECT_EQ(run_digitrec("predict run", folder_.path()).err.find(hint), std::string::npos);
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --reframe --out other", folder_.path()).exit_code, 0);
  EXPECT_EQ(run_digitrec("predict other one.jpg", folder_.path()).err.find(hint), std::string::npos);
}

TEST(PredictPictures, SaysInItsRowWhyAFileIsNoPicture) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 500 --test 10", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder.path()).exit_code, 0);
  std::filesystem::create_directory(folder / "scans");
  std::filesystem::copy(DIGITREC_FIXTURES "/pictures/one.jpg", folder / "scans/one.jpg");
  folder.write("scans/empty.png", "");
  folder.write("scans/lfs.png", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  folder.write("scans/page.jpg", "<!DOCTYPE html>\n<html></html>");
  folder.write("scans/table.png", "PAR1 and more");
  folder.write("scans/text.png", "seven");
  folder.write("scans/notes.txt", "seven");
  const ProgramResult all = run_digitrec("predict run scans", folder.path());
  EXPECT_EQ(all.exit_code, 1);
  EXPECT_EQ(count_lines(all.out), 7) << all.out;
  for (const char* row :
       {"scans/empty.png,,,\"an empty file; expected a PNG", "scans/lfs.png,,,\"a git-lfs pointer, not",
        "scans/page.jpg,,,\"an HTML page; ", "scans/table.png,,,\"a Parquet file; ",
        "scans/text.png,,,\"not a picture; expected a PNG", "scans/one.jpg,"})
    EXPECT_NE(all.out.find(row), std::string::npos) << row << "\n" << all.out;
  EXPECT_NE(all.err.find("left out, no pictures: notes.txt\n"), std::string::npos) << all.err;
  EXPECT_NE(all.err.find("5 of 6 pictures not read; the column Error says why\n"), std::string::npos) << all.err;

  const ProgramResult named = run_digitrec("predict run scans/one.jpg scans/notes.txt data", folder.path());
  EXPECT_EQ(named.exit_code, 1);
  EXPECT_EQ(count_lines(named.out), 4) << named.out;
  EXPECT_NE(named.out.find("\nscans/notes.txt,,,\"not a picture; expected a PNG"), std::string::npos) << named.out;
  EXPECT_NE(named.out.find("\ndata,,,a folder without pictures; name one that has some\n"), std::string::npos)
      << named.out;
  EXPECT_NE(named.err.find("2 of 3 pictures not read; "), std::string::npos) << named.err;
}

TEST(PredictPictures, ReadsLineByLine) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 2000 --test 10", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp --epochs 2 --out run", folder.path()).exit_code, 0);
  const GrayImage zero = read_image(DIGITREC_FIXTURES "/pictures/zero.png");
  GrayImage page{3 * zero.width, 2 * zero.height, {}, "page"};
  for (int64_t y = 0; y < page.height; ++y) {
    for (int64_t x = 0; x < page.width; ++x)
      page.pixels.push_back(zero.pixels[static_cast<size_t>(y % zero.height * zero.width + x % zero.width)]);
  }
  folder.write("page.png", encode_png(page));
  const ProgramResult result = run_digitrec("predict run page.png --out t.csv --probabilities p.csv", folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(test::read_text(folder / "t.csv").find("page.png,000 000,"), std::string::npos)
      << test::read_text(folder / "t.csv");
  EXPECT_NE(test::read_text(folder / "p.csv").find("\npage.png,2,4,0,"), std::string::npos)
      << test::read_text(folder / "p.csv");
}

TEST(PredictIds, AreThoseOfTheFile) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 500 --test 3", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder.path()).exit_code, 0);
  std::istringstream plain(test::read_text(folder / "data/test.csv"));
  std::string with_ids;
  int64_t row = 0;
  for (std::string line; std::getline(plain, line); ++row)
    with_ids += (row == 0 ? "id" : std::to_string(100 - row)) + "," + line + "\n";
  folder.write("ids.csv", with_ids);
  const ProgramResult result = run_digitrec("predict --checkpoint run --input ids.csv --out -", folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("id,label\n99,")) << result.out;
  EXPECT_NE(result.err.find("(ids: column id)"), std::string::npos) << result.err;
  std::filesystem::create_directory(folder / "kannada");
  folder.write("kannada/test.csv", with_ids);
  folder.write("kannada/sample_submission.csv", "id,Label\n99,0\n98,0\n97,0\n");
  const ProgramResult sampled = run_digitrec("predict --checkpoint run --input kannada --out -", folder.path());
  EXPECT_TRUE(sampled.out.starts_with("id,Label\n99,")) << sampled.out << sampled.err;
  EXPECT_EQ(sampled.err.find("warning"), std::string::npos) << sampled.err;
  folder.write("kannada/sample_submission.csv", "id,Label\n1,0\n2,0\n3,0\n");
  const ProgramResult others = run_digitrec("predict --checkpoint run --input kannada --out -", folder.path());
  EXPECT_NE(others.err.find("warning: kannada/test.csv: the sample has no id 99, which row 1 has; Kaggle expects each "
                            "id of its sample once\n"),
            std::string::npos)
      << others.err;
  EXPECT_NE(others.err.find("\nwritten 3 rows\n"), std::string::npos) << others.err;
}

/// The first id of a submission made of a test file in a folder, with the header.
std::string first_id(const TempFolder& folder, const std::string& input) {
  const ProgramResult result = run_digitrec("predict --checkpoint run --input " + input + " --out -", folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.out.substr(0, result.out.rfind(',', result.out.find('\n', result.out.find('\n') + 1)));
}

TEST(PredictIds, ComeFromTheSampleWhereverItLies) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 500 --test 3", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder.path()).exit_code, 0);
  const std::string plain = test::read_text(folder / "data/test.csv");
  const std::string sample = "image,Label\na7,0\nb3,0\nc5,0\n";
  std::string named;  // the ids by a name that only the sample knows
  int row = 0;
  std::istringstream lines(plain);
  for (std::string line; std::getline(lines, line); ++row)
    named += (row == 0 ? "image" : row == 1 ? "a7" : row == 2 ? "b3" : "c5") + std::string(",") + line + "\n";
  for (const std::string& text : {plain, named}) {
    for (const std::string name : {"sample_submission.csv", "SampleSubmission.csv", "sample_submission (1).csv",
                                   "mnist_sample_submission.csv", "submission_format.csv", "sample.csv"}) {
      const TempFolder beside;
      std::filesystem::copy(folder / "run", beside / "run");
      std::filesystem::create_directory(beside / "d");
      beside.write("d/" + name, sample);
      beside.write("d/test.csv", text);
      EXPECT_EQ(first_id(beside, "d"), "image,Label\na7") << name;
      std::filesystem::remove(beside / "d/test.csv");
      test::write_zip(beside / "d/test.csv.zip", {{"test.csv", text}});
      EXPECT_EQ(first_id(beside, "d"), "image,Label\na7") << name << ", packed";
      EXPECT_EQ(first_id(beside, "d/test.csv.zip"), "image,Label\na7") << name << ", packed";
      std::filesystem::remove(beside / "d/test.csv.zip");
      beside.write("d/Test.csv", text);
      EXPECT_EQ(first_id(beside, "d/Test.csv"), "image,Label\na7") << name << ", Test.csv";
      std::filesystem::remove(beside / "d" / name);
      test::write_zip(beside / "d/sample_submission.csv.zip", {{"sample_submission.csv", sample}});
      EXPECT_EQ(first_id(beside, "d"), "image,Label\na7") << "the sample packed";
    }
  }
}

}  // namespace
}  // namespace digitrec
