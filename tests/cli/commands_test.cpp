// The program from the outside: what its users and their scripts rely on.
#include "cli/trained_run.h"
#include "digitrec/core/version.h"
#include "image/image_file.h"

#include <nlohmann/json.hpp>

#include <chrono>

namespace digitrec {
namespace {

using test::count_lines;
using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

class TrainedRun : public test::WithTrainedRun {};

TEST(Commands, GoFromNothingToACheckedSubmission) {
  const TempFolder folder;
  EXPECT_EQ(run_digitrec("data synth --out data --train 3000 --test 500", folder.path()).exit_code, 0);
  const ProgramResult trained = run_digitrec("train --model mlp --epochs 3 --out runs/a", folder.path());
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_NE(trained.out.find("checkpoint runs/a/best.safetensors"), std::string::npos) << trained.out;
  EXPECT_TRUE(std::filesystem::exists(folder / "runs/a/train.log"));

  const ProgramResult evaluated = run_digitrec("eval --checkpoint runs/a --json", folder.path());
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const auto metrics = nlohmann::json::parse(evaluated.out);
  EXPECT_EQ(metrics["rows"], 500);
  EXPECT_GT(metrics["accuracy"].get<double>(), 0.85);
  EXPECT_EQ(metrics["classes"].size(), 10U);

  const ProgramResult predicted =
      run_digitrec("predict --checkpoint runs/a --out runs/a/submission.csv --probabilities p.csv", folder.path());
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_NE(predicted.err.find("as many rows as data/sample_submission.csv"), std::string::npos);
  const std::string submission = read_text(folder / "runs/a/submission.csv");
  EXPECT_TRUE(submission.starts_with("ImageId,Label\n1,"));
  EXPECT_EQ(count_lines(submission), 501);
  EXPECT_EQ(count_lines(read_text(folder / "p.csv")), 501);
  const ProgramResult checked = run_digitrec("submit runs/a --dry-run", folder.path());
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_EQ(checked.out,
            "runs/a/submission.csv: valid: 500 rows as in data/sample_submission.csv, each id once, labels 0 "
            "to 9\n");
}

TEST_F(TrainedRun, ResultsThatCannotBeWrittenAreAnError) {
  const ProgramResult result =
      run_digitrec("eval --checkpoint run --json --data data/train.csv > /dev/full #", folder_.path());
  EXPECT_EQ(result.exit_code, 1);
}

TEST_F(TrainedRun, EvalTakesSeveralCheckpoints) {
  const ProgramResult result =
      run_digitrec("eval --checkpoint run run/last.safetensors --data data/train.csv", folder_.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("accuracy ")) << result.out;
}

TEST_F(TrainedRun, TheRunsOwnConfigRepeatsIt) {
  EXPECT_EQ(run_digitrec("train --config run/config.toml --out again", folder_.path()).exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "again/best.safetensors"), read_text(folder_ / "run/best.safetensors"));
}

TEST(Commands, CrossValidateResumeAndScoreHeldOutRows) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 600 --test 50", folder.path()).exit_code, 0);
  const std::string command =
      "train --model mlp-128 --epochs 2 --folds 3 --rotate 5 --average ema --select last --out run";
  const ProgramResult trained = run_digitrec(command, folder.path());
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_NE(trained.out.find("trained 3 networks"), std::string::npos) << trained.out;
  EXPECT_NE(trained.out.find("on 600 rows, each scored by networks that never saw it"), std::string::npos)
      << trained.out;

  const ProgramResult again = run_digitrec(command, folder.path());
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(
      again.err.ends_with("digitrec: run: already exists and is not empty; choose another --out or resume it with "
                          "--resume run\n"))
      << again.err;
  const ProgramResult resumed = run_digitrec("train --resume run", folder.path());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("network 3/3 is complete: run/member-03"), std::string::npos) << resumed.err;

  const ProgramResult scored = run_digitrec("eval --checkpoint run --held-out --json", folder.path());
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  const auto summary = nlohmann::json::parse(read_text(folder / "run/summary.json"));
  EXPECT_EQ(nlohmann::json::parse(scored.out)["correct"], summary["held_out"]["correct"]);
  EXPECT_EQ(run_digitrec("predict --checkpoint run --tta --out s.csv", folder.path()).exit_code, 0);
  EXPECT_EQ(count_lines(read_text(folder / "s.csv")), 51);
  const ProgramResult leaky = run_digitrec("eval --checkpoint run --data data/train.csv", folder.path());
  EXPECT_NE(
      leaky.err.find("600 of the 600 rows, or nearly the same images, are in data/train.csv, which run/member-01/"),
      std::string::npos)
      << leaky.err;
}

TEST(Commands, FlagsOverrideTheConfigFile) {
  const TempFolder folder;
  folder.write("c.toml", "model = \"cnn-bn\"\nepochs = 7\n");
  const ProgramResult result = run_digitrec("train --config c.toml --epochs 3 --lr=0.5 --print-config", folder.path());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("model = \"cnn-bn\"\n"), std::string::npos);
  EXPECT_NE(result.out.find("\nepochs = 3\n"), std::string::npos);
  EXPECT_NE(result.out.find("\nlr = 0.5\n"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()) || folder.entries() == std::vector<std::string>{"c.toml"});
}

TEST(Commands, HelpIsQuickAndFitsAScreen) {
  const TempFolder folder;
  const auto start = std::chrono::steady_clock::now();
  const ProgramResult help = run_digitrec("--help", folder.path());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_LT(count_lines(help.out), 40);
  EXPECT_LT(seconds, 3.0);  // 0.2 s where it was measured; the bound only catches work done at start-up
  const ProgramResult train_help = run_digitrec("train --help", folder.path());
  EXPECT_LT(count_lines(train_help.out), 45);
  EXPECT_NE(train_help.out.find("--batch-size"), std::string::npos);
  for (const char* detail : {"--rotate", "--reframe"})
    EXPECT_EQ(train_help.out.find(detail), std::string::npos) << detail;
  EXPECT_NE(run_digitrec("train --help-recipe", folder.path()).out.find("--rotate [0]"), std::string::npos);
}

TEST(Commands, VersionNamesItsParts) {
  const TempFolder folder;
  const ProgramResult result = run_digitrec("--version", folder.path());
  EXPECT_EQ(result.out, version_line() + "\n");
  EXPECT_NE(result.out.find("LibTorch 2."), std::string::npos);
}

TEST(Commands, ListModelsAndDevicesAsJson) {
  const TempFolder folder;
  const auto models = nlohmann::json::parse(run_digitrec("models --json", folder.path()).out);
  EXPECT_EQ(models.size(), 7U);
  EXPECT_EQ(models[2]["model"], "cnn");
  EXPECT_EQ(models[2]["parameters"], 225034);
  EXPECT_EQ(nlohmann::json::parse(run_digitrec("devices --json", folder.path()).out).back()["device"], "cpu");
}

TEST(Commands, DataInfoCountsAndCompares) {
  const TempFolder folder;
  folder.write("a.csv", "label,pixel0,pixel1,pixel2,pixel3\n0,5,0,0,0\n1,5,0,0,0\n1,0,200,9,0\n");
  folder.write("b.csv", "pixel0,pixel1,pixel2,pixel3\n0,199,9,0\n0,0,8,0\n");
  const auto info = nlohmann::json::parse(run_digitrec("data info a.csv b.csv --json", folder.path()).out);
  EXPECT_EQ(info["files"][0]["rows"], 3);
  EXPECT_EQ(info["files"][0]["histogram"], (std::vector<int>{1, 2}));
  EXPECT_EQ(info["files"][0]["duplicates"], 1);
  EXPECT_EQ(info["files"][0]["conflicting_labels"], 1);
  EXPECT_EQ(info["files"][1]["classes"], 0);
  EXPECT_EQ(info["overlap"][0]["rows"], 1);
  const ProgramResult text = run_digitrec("data info a.csv b.csv", folder.path());
  EXPECT_NE(text.out.find("1 of the images in b.csv occur in a.csv, or nearly the same ones\n"), std::string::npos)
      << text.out;
}

TEST(Commands, DataShowDrawsInTheTerminalOrASheet) {
  const TempFolder folder;
  // One bright and one dark row of pixels make an upper half block.
  folder.write("train.csv", "label,pixel0,pixel1,pixel2,pixel3\n3,255,255,0,0\n1,0,255,0,255\n0,0,0,0,0\n");
  const ProgramResult shown = run_digitrec("data show . --row 1 --count 2", folder.path());
  EXPECT_EQ(shown.out, "row 1: 3 row 2: 1\n▀▀  █\n");
  EXPECT_EQ(run_digitrec("data show . --values --row 1 --count 1", folder.path()).out, "row 1: 3\n 255 255\n");
  EXPECT_EQ(run_digitrec("data show train.csv --row 4", folder.path()).err,
            "digitrec: train.csv: has 3 rows; expected --row 1 to 3\n");

  folder.write("recipe.toml", "rotate = 20\n");
  const ProgramResult sheet = run_digitrec("data show --augmented recipe.toml --count 2 --out s.png .", folder.path());
  EXPECT_EQ(sheet.out, "s.png: 24 images\n") << sheet.err;
  EXPECT_EQ(run_digitrec("data show . --out plain.png", folder.path()).out, "plain.png: 3 images\n");
  EXPECT_EQ(run_digitrec("data show . --out s.jpg", folder.path()).err,
            "digitrec: --out: s.jpg: a PNG file is drawn; name one that ends in .png\n");
  const GrayImage picture = read_image(folder / "s.png");
  EXPECT_EQ(picture.width, 12 * (2 * 2 + 2) + 2);
  EXPECT_EQ(picture.height, 2 * (2 * 2 + 2) + 2);
  folder.write("plain.toml", "epochs = 3\n");
  EXPECT_EQ(run_digitrec("data show . --augmented plain.toml", folder.path()).err,
            "digitrec: plain.toml: varies no images; name a recipe with rotate, shift, ... such as best\n");
}

TEST(Commands, ReportWritesThePageWithoutGnuplotAndSaysWhatIsMissing) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 500 --test 10", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --live --out run", folder.path()).exit_code, 0);
  // --live wrote the page during the run; at its end it became the full report.
  EXPECT_NE(read_text(folder / "run/report.html").find("\"confusion\""), std::string::npos);
  EXPECT_NE(read_text(folder / "run/report.html").find("\"is_going\":false"), std::string::npos);
  std::filesystem::remove(folder / "run/report.html");
  const ProgramResult report = run_digitrec("report run", folder.path(), "env PATH=/nowhere ");
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.out, "run/report.html\n");
  EXPECT_EQ(report.err,
            "digitrec: gnuplot is not on PATH, and it draws the figures; install it: apt-get install gnuplot-nox\n");
  EXPECT_TRUE(std::filesystem::exists(folder / "run/report.html"));
  const ProgramResult several = run_digitrec("report run run", folder.path());
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_EQ(several.err, "digitrec: several runs, and no place for their page; name a folder with --out\n");
}

TEST(Commands, StderrInAFileHoldsPlainLines) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 500 --test 10", folder.path()).exit_code, 0);
  const ProgramResult trained = run_digitrec("train --model mlp-128 --epochs 2 --out run", folder.path());
  for (const char c : trained.err + run_digitrec("eval --checkpoint run", folder.path()).err) {
    EXPECT_TRUE(c == '\n' || c >= ' ') << static_cast<int>(c);
  }
  EXPECT_NE(trained.err.find("epoch  train loss  accuracy  held-out loss  accuracy  seconds   images/s\n"),
            std::string::npos)
      << trained.err;
}

}  // namespace
}  // namespace digitrec
