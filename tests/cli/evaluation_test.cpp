// What is said of figures: on which rows, by which networks, and what they can be trusted for.
#include "digitrec/checkpoint/checkpoint.h"
#include "support.h"

#include <nlohmann/json.hpp>

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

class Evaluation : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_digitrec("data synth --out data --train 200 --test 20", folder_.path()).exit_code, 0);
    ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder_.path()).exit_code, 0);
  }

  TempFolder folder_;
};

TEST_F(Evaluation, EvalOnHeldOutRowsSaysWhatWasChosenOnThem) {
  const ProgramResult chosen = run_digitrec("eval --held-out --checkpoint run", folder_.path());
  EXPECT_NE(chosen.out.find("\nOn these rows the epoch and the temperature were chosen, so the figures are a little "
                            "better than on new rows\n"),
            std::string::npos)
      << chosen.out;
  const auto json = nlohmann::json::parse(run_digitrec("eval --held-out --checkpoint run --json", folder_.path()).out);
  EXPECT_EQ(json.value("chosen_by", ""),
            "highest validation accuracy, then lowest validation loss; temperature by validation loss");
  EXPECT_EQ(nlohmann::json::parse(read_text(folder_ / "run/summary.json")).value("chosen_by", ""),
            json.value("chosen_by", ""));
  run_digitrec("report run", folder_.path(), "env PATH=/nowhere ");
  EXPECT_NE(read_text(folder_ / "run/report.html").find("On these rows the epoch and the temperature were chosen"),
            std::string::npos);

  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --select last --out last", folder_.path()).exit_code, 0);
  EXPECT_NE(run_digitrec("eval --held-out --checkpoint last", folder_.path())
                .out.find("\nOn these rows the temperature was fitted, so loss and calibration are a little better "
                          "than on new rows\n"),
            std::string::npos);
}

TEST_F(Evaluation, CrossValidationSaysWhatWasChosenOnTheRowsThatItScores) {
  const std::string train = "train --model mlp-128 --epochs 1 --out several ";
  for (const std::string networks : {"--folds 3", "--ensemble 2"}) {
    const ProgramResult result = run_digitrec(train + networks, folder_.path());
    EXPECT_NE(result.out.find(" each scored by networks that never saw it\nOn these rows the epoch and the temperature "
                              "were chosen, so the figures are a little better than on new rows\n"),
              std::string::npos)
        << networks << result.out;
    std::filesystem::remove_all(folder_ / "several");
  }
}

TEST_F(Evaluation, ClassesAreCalledAsAFileSaysWhereTheRunKnowsNoNames) {
  folder_.write("names.json", R"(["T-shirt", "b", "c", "d", "e", "f", "g", "h", "i", "boot"])");
  folder_.write("few.txt", "0 a\n1 b\n");
  for (const std::string data : {"data/train.csv", "--held-out"}) {
    const std::string eval = "eval run " + data + " --class-names ";
    const ProgramResult result = run_digitrec(eval + "names.json", folder_.path());
    EXPECT_NE(result.out.find("\nT-shirt "), std::string::npos) << result.out << result.err;
    EXPECT_NE(result.out.find("\n   boot "), std::string::npos) << result.out;
    EXPECT_EQ(run_digitrec(eval + "few.txt", folder_.path()).exit_code, 1) << data;
  }
}

TEST_F(Evaluation, EvalOnHeldOutRowsKeepsToTheLimit) {
  const ProgramResult result = run_digitrec("eval --held-out --limit 5 --checkpoint run", folder_.path());
  EXPECT_NE(result.err.find(" 22 of 200 rows were held back, the first 5 are scored\n"), std::string::npos)
      << result.err;
  EXPECT_NE(result.out.find(" of 5)\n"), std::string::npos) << result.out;
}

TEST_F(Evaluation, EvalBelievesTheCheckpointAndNotAnEditedConfig) {
  const ProgramResult before = run_digitrec("eval --held-out --checkpoint run", folder_.path());
  std::string text = read_text(folder_ / "run/config.toml");
  folder_.write("run/config.toml", text.replace(text.find("seed = 42"), 9, "seed = 7"));
  const ProgramResult after = run_digitrec("eval --held-out --checkpoint run", folder_.path());
  EXPECT_EQ(after.out, before.out);
  EXPECT_NE(
      after.err.find("warning: run/config.toml: says seed = 7, but run/best.safetensors was trained with seed = 42, "
                     "which counts\n"),
      std::string::npos)
      << after.err;
}

TEST_F(Evaluation, TheDataAreFoundAgainFromAnyFolder) {
  // The folder's own data are named relative to it when it is trained.
  const std::string arguments = "--checkpoint " + (folder_ / "run").string();
  const std::filesystem::path elsewhere = folder_ / "elsewhere";
  std::filesystem::create_directories(elsewhere);
  const ProgramResult leaky =
      run_digitrec("eval " + arguments + " --data " + (folder_ / "data/train.csv").string(), elsewhere);
  EXPECT_NE(leaky.err.find("178 of the 200 rows, or nearly the same images"), std::string::npos) << leaky.err;
  EXPECT_EQ(run_digitrec("eval --held-out " + arguments, elsewhere).exit_code, 0);
  EXPECT_EQ(run_digitrec("train --resume " + (folder_ / "run").string() + " --epochs 2", elsewhere).exit_code, 0);
}

TEST_F(Evaluation, DataThatMovedAreNamedWithWhatToDo) {
  std::filesystem::rename(folder_ / "data", folder_ / "moved");
  const std::string line =
      "digitrec: run: the data that it was trained on is no longer at data; name where it is now with --data\n";
  for (const std::string command : {"report run", "eval run --held-out", "train --resume run --epochs 2"}) {
    const ProgramResult result = run_digitrec(command, folder_.path());
    EXPECT_EQ(result.exit_code, 1) << command;
    EXPECT_TRUE(result.err.ends_with(line)) << result.err;
    EXPECT_EQ(run_digitrec(command + " --data moved", folder_.path(), "env PATH=/nowhere ").err.find("no longer"),
              std::string::npos);
  }
}

TEST_F(Evaluation, DataAreTurnedAsInTrainingUnlessAFlagSaysOtherwise) {
  const std::string lying = " lying/train-images-idx3-ubyte";
  std::filesystem::create_directories(folder_ / "lying");
  ASSERT_EQ(run_digitrec("data convert --transpose data/train.csv" + lying, folder_.path()).exit_code, 0);
  const std::string train = "train --model mlp-128 --epochs 1 --transpose --out turned" + lying;
  ASSERT_EQ(run_digitrec(train, folder_.path()).exit_code, 0);
  const ProgramResult as_trained = run_digitrec("eval turned" + lying, folder_.path());
  EXPECT_NE(as_trained.err.find("200 rows (rows and columns swapped)\n"), std::string::npos) << as_trained.err;
  EXPECT_EQ(as_trained.out, run_digitrec("eval turned --transpose" + lying, folder_.path()).out);
  EXPECT_EQ(as_trained.out, run_digitrec("eval turned --transpose=false data/train.csv", folder_.path()).out);
  ASSERT_EQ(run_digitrec("predict turned --out a.csv" + lying, folder_.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("predict turned --transpose=false --out b.csv data/train.csv", folder_.path()).exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "a.csv"), read_text(folder_ / "b.csv"));

  // Pictures stand upright, whatever the other data did.
  ASSERT_EQ(run_digitrec("data convert --limit 20 data/train.csv pictures", folder_.path()).exit_code, 0);
  const std::string pictures = run_digitrec("eval turned pictures", folder_.path()).out;
  EXPECT_EQ(pictures, run_digitrec("eval turned --transpose=false pictures", folder_.path()).out);
  EXPECT_NE(pictures, run_digitrec("eval turned --transpose pictures", folder_.path()).out);
}

TEST_F(Evaluation, PathsThatTomlCannotHoldAreRefusedAtTheStart) {
  std::filesystem::create_directories(folder_ / "del\x7F");
  std::filesystem::copy(folder_ / "data/train.csv", folder_ / "del\x7F/train.csv");
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --data del\x7F --out odd", folder_.path()).exit_code, 0);
  EXPECT_EQ(run_digitrec("eval --held-out --checkpoint odd", folder_.path()).exit_code, 0);
  const ProgramResult leaky = run_digitrec("eval --checkpoint odd --data data/train.csv", folder_.path());
  EXPECT_NE(leaky.err.find("178 of the 200 rows"), std::string::npos) << leaky.err;

  std::filesystem::create_directories(folder_ / "latin\xE9");
  std::filesystem::copy(folder_ / "data/train.csv", folder_ / "latin\xE9/train.csv");
  const std::vector<std::string> before = folder_.entries();
  const ProgramResult refused =
      run_digitrec("train --model mlp-128 --epochs 1 --data latin\xE9 --out never", folder_.path());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.err,
            "digitrec: --data: the path is not UTF-8, so config.toml could not hold it; rename the file or "
            "the folder\n");
  EXPECT_EQ(folder_.entries(), before);
}

TEST_F(Evaluation, OfImagesOnTheirSideNamesTranspose) {
  const auto expect_line = [&](const std::string& arguments, const std::string& line) {
    const ProgramResult result = run_digitrec("eval " + arguments, folder_.path());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err.find("rows and columns swapped ") != std::string::npos, !line.empty()) << result.err;
    EXPECT_NE(result.err.find(line), std::string::npos) << result.err;
  };
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 20 --out good", folder_.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("data convert data/train.csv --transpose a-images-idx3-ubyte", folder_.path()).exit_code, 0);
  expect_line("good a-images-idx3-ubyte", ": give --transpose\n");
  expect_line("good a-images-idx3-ubyte --transpose", "");
  expect_line("good data/train.csv", "");
  expect_line("good data/train.csv --transpose", ": give --transpose=false\n");
  expect_line("good data/train.csv --transpose=false", "");
  // A network that reads neither way well gives no reason to turn them.
  save_checkpoint(folder_ / "raw.safetensors", *build_model("mlp-128", {}), {.preset = "mlp-128"});
  expect_line("raw.safetensors a-images-idx3-ubyte", "");
}

TEST_F(Evaluation, NetworksMissingFromAVoteAreSaid) {
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --folds 3 --out folds", folder_.path()).exit_code, 0);
  std::filesystem::remove(folder_ / "folds/member-02/best.safetensors");
  std::filesystem::remove_all(folder_ / "folds/member-03");
  const std::string line =
      "warning: folds: no best.safetensors of 2 of its 3 networks (member-02, member-03); the others vote\n";
  for (const char* arguments :
       {"eval --checkpoint folds", "predict --checkpoint folds --out folds/submission.csv", "submit folds --dry-run"}) {
    const ProgramResult result = run_digitrec(arguments, folder_.path());
    EXPECT_EQ(result.exit_code, 0) << arguments << result.err;
    EXPECT_NE(result.err.find(line), std::string::npos) << arguments << result.err;
  }
}

}  // namespace
}  // namespace digitrec
