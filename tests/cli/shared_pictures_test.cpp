// The photos and drawings among the shared cases (shared_cases.h), which take a network that knows handwriting.
#include "cli/shared_cases.h"

#include <map>
#include <set>
#include <sstream>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

using test::ProgramResult;
using test::read_text;
using test::shared_cases;

/// What the pictures of the cases show. Those of a folder photo_* are named in its labels.txt, in their order.
std::map<std::string, std::string> shown_in_pictures() {
  std::map<std::string, std::string> shown{
      {"outside/border_two_greys_2.png", "2"},
      {"outside/cell_line_right_3.png", "3"},
      {"outside/faint_even_4.png", "4"},
      {"outside/ruled_561.png", "561"},
      {"outside/thin_black_on_white_4.png", "4"},
      {"outside/thin_white_on_black_4.png", "4"},
      {"outside/two_rows_12345_67890.png", "12345 67890"},
  };
  for (const auto& folder : fs::directory_iterator(shared_cases())) {
    const std::string name = folder.path().filename().string();
    if (!name.starts_with("photo_")) continue;
    std::set<std::string> files;
    for (const auto& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".jpg") files.insert(name + "/" + file.path().filename().string());
    }
    std::istringstream labels(read_text(folder.path() / "labels.txt"));
    for (const std::string& file : files) labels >> shown[file];
  }
  return shown;
}

TEST(SharedCasePictures, AreRead) {
  SKIP_WITHOUT_CASES();
  const fs::path kaggle = shared_cases() / "../data/kaggle/train.csv.gz";
  if (!fs::exists(kaggle)) GTEST_SKIP() << "no " << kaggle << " to train on: handwriting takes a network that knows it";
  const test::TempFolder work;
  const ProgramResult trained = test::run_digitrec("train --recipe fast --out run " + kaggle.string(), work.path());
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  std::string command = "predict run";
  std::string expected;
  for (const auto& [file, label] : shown_in_pictures()) {
    command += " " + (shared_cases() / file).string();
    expected += file + " " + label + "\n";
  }
  std::istringstream table(test::run_digitrec(command, work.path()).out);
  std::string read;
  std::string row;
  for (std::getline(table, row); std::getline(table, row);) {
    const size_t label = row.find(',') + 1;
    read += fs::relative(row.substr(0, label - 1), shared_cases()).string() + " " +
            row.substr(label, row.find(',', label) - label) + "\n";
  }
  EXPECT_EQ(read, expected);
}

}  // namespace
}  // namespace digitrec
