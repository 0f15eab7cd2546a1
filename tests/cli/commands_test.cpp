// The program from the outside: what its users and their scripts rely on.
#include "digitrec/core/version.h"
#include "image/image_file.h"
#include "support.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <sstream>

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

int64_t count_lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

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

class WithTrainedRun : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run_digitrec("data synth --out data --train 200 --test 20", folder_.path()).exit_code, 0);
    ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder_.path()).exit_code, 0);
    ASSERT_EQ(run_digitrec("predict --checkpoint run --out run/submission.csv", folder_.path()).exit_code, 0);
  }

  /// A stand-in for the kaggle program that notes its arguments, says `says` and exits with `status`.
  ProgramResult submit_with(const std::string& says, int status) {
    std::filesystem::create_directories(folder_ / "bin");
    folder_.write("bin/kaggle", "#!/bin/sh\nprintf '%s|' \"$@\" > arguments\necho '" + says + "'\nexit " +
                                    std::to_string(status) + "\n");
    std::filesystem::permissions(folder_ / "bin/kaggle", std::filesystem::perms::owner_all);
    return run_digitrec("submit run -m 'my; \"message\"'", folder_.path(), "PATH=$PWD/bin:$PATH");
  }

  /// The epochs in a run's log, one digit each; `of` is what follows them, such as "/5 ".
  std::string logged_epochs(const std::string& run, const std::string& of) const {
    std::istringstream log(read_text(folder_ / run / "train.log"));
    std::string epochs;
    for (std::string line; std::getline(log, line);) {
      if (const size_t at = line.find(of); at != std::string::npos) epochs += line.substr(at - 1, 1);
    }
    return epochs;
  }

  TempFolder folder_;
};

TEST_F(WithTrainedRun, SubmitHandsOverToKaggle) {
  const ProgramResult result = submit_with("Successfully submitted to Digit Recognizer", 0);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("Successfully submitted to Digit Recognizer\n"), std::string::npos);
  EXPECT_EQ(submit_with("Warning: Your Kaggle API key is readable by others: chmod 600 kaggle.json\n100% "
                        "401kB/s\nSuccessfully submitted to Digit Recognizer",
                        0)
                .exit_code,
            0);
  EXPECT_EQ(read_text(folder_ / "arguments"),
            "competitions|submit|-c|digit-recognizer|-f|run/submission.csv|-m|my; \"message\"|");
}

TEST_F(WithTrainedRun, SubmitMakesTheSubmissionWhereItIsMissing) {
  const std::string predicted = read_text(folder_ / "run/submission.csv");
  std::filesystem::remove(folder_ / "run/submission.csv");
  const ProgramResult result = run_digitrec("submit run --dry-run", folder_.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("run/submission.csv: 20 rows\nrun/submission.csv: valid: 20 rows")) << result.out;
  EXPECT_EQ(read_text(folder_ / "run/submission.csv"), predicted);
  EXPECT_EQ(run_digitrec("submit run --dry-run", folder_.path()).err, "");
  ASSERT_EQ(run_digitrec("train --resume run --epochs 2", folder_.path()).exit_code, 0);
  EXPECT_EQ(run_digitrec("submit run --dry-run", folder_.path()).err,
            "warning: run/submission.csv is older than the network; remove it to have it made again\n");
  std::filesystem::remove(folder_ / "run/submission.csv");
  EXPECT_EQ(run_digitrec("submit run --dry-run --data none", folder_.path()).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/submission.csv"));
}

TEST_F(WithTrainedRun, SubmitSaysWhatKaggleIsMissing) {
  constexpr const char* kNoToken =
      "digitrec: Authentication required: the kaggle program has no token that Kaggle knows; run kaggle auth login, or "
      "put one of kaggle.com/settings/api into KAGGLE_API_TOKEN or ~/.kaggle/access_token\n";
  EXPECT_EQ(submit_with("Authentication required to call the Kaggle API.", 1).err, kNoToken);
  EXPECT_EQ(
      submit_with("403 - Forbidden - You must accept this competition rules", 1).err,
      "digitrec: Kaggle refused the submission: 403 - Forbidden - You must accept this competition rules; join the "
      "competition and accept the rules on kaggle.com/c/digit-recognizer/rules, then submit again\n");
  const ProgramResult failed = submit_with("something else", 3);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.err,
            "digitrec: the kaggle program failed: something else; run it by itself, and check that Kaggle is "
            "reachable\n");
  EXPECT_EQ(submit_with("Could not submit to competition", 0).exit_code, 1);
  EXPECT_EQ(
      run_digitrec("submit run -m x", folder_.path(), "PATH=/none").err,
      "digitrec: the kaggle program is not on PATH; install it with: pip install kaggle, then log in with: kaggle "
      "auth login\n");
}

TEST_F(WithTrainedRun, SubmitSaysWhatIsLeftAndWaitsForTheScore) {
  std::filesystem::create_directories(folder_ / "bin");
  const std::string header = "echo ref,fileName,date,description,status,publicScore,privateScore\n";
  folder_.write("bin/kaggle",
                "#!/bin/sh\ncase $2 in\n  submit) touch sent; echo Successfully submitted ;;\n  submissions) " +
                    header +
                    "    [ ! -f sent ] || [ -f listed ] || echo 7,s.csv,2026-11-28,x,SubmissionStatus.PENDING,,\n"
                    "    [ ! -f listed ] || echo 7,s.csv,2026-11-28,x,SubmissionStatus.COMPLETE,0.99142,\n"
                    "    [ ! -f sent ] || touch listed ;;\n  *) exit 2 ;;\nesac\n");
  std::filesystem::permissions(folder_ / "bin/kaggle", std::filesystem::perms::owner_all);
  const ProgramResult result = run_digitrec("submit --file run/submission.csv -m x --wait --poll-interval 1",
                                            folder_.path(), "PATH=$PWD/bin:$PATH");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("\n10 of 10 submissions are left today (UTC)\nSuccessfully submitted\n"
                            "run/submission.csv: Kaggle's public score is 0.99142\n"),
            std::string::npos)
      << result.out;

  folder_.write("bin/kaggle",
                "#!/bin/sh\n[ $2 != submissions ] || echo ref,status\n[ $2 != submit ] || touch pending\n"
                "[ $2 != submissions ] || [ ! -f pending ] || echo 8,PENDING\n");
  const ProgramResult left = run_digitrec("submit run -m x --wait", folder_.path(),
                                          "PATH=$PWD/bin:$PATH timeout --foreground --preserve-status -s INT 4");
  EXPECT_EQ(left.exit_code, 130) << left.err;
  EXPECT_TRUE(
      left.err.ends_with("stopped waiting; Kaggle scores the submission all the same: see kaggle competitions "
                         "submissions digit-recognizer\n"))
      << left.err;
}

TEST_F(WithTrainedRun, PredictLabelsALabelledFileToo) {
  EXPECT_EQ(run_digitrec("predict --checkpoint run --input data/train.csv --out s.csv", folder_.path()).exit_code, 0);
  EXPECT_EQ(count_lines(read_text(folder_ / "s.csv")), 201);
}

TEST_F(WithTrainedRun, PredictHoldsATestFileToTheSampleBesideIt) {
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

TEST_F(WithTrainedRun, PredictWritesAllOfItsFilesOrNone) {
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

TEST_F(WithTrainedRun, ResultsThatCannotBeWrittenAreAnError) {
  const ProgramResult result =
      run_digitrec("eval --checkpoint run --json --data data/train.csv > /dev/full #", folder_.path());
  EXPECT_EQ(result.exit_code, 1);
}

TEST_F(WithTrainedRun, EvalTakesSeveralCheckpoints) {
  const ProgramResult result =
      run_digitrec("eval --checkpoint run run/last.safetensors --data data/train.csv", folder_.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("accuracy ")) << result.out;
}

TEST_F(WithTrainedRun, TheRunsOwnConfigRepeatsIt) {
  EXPECT_EQ(run_digitrec("train --config run/config.toml --out again", folder_.path()).exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "again/best.safetensors"), read_text(folder_ / "run/best.safetensors"));
}

TEST_F(WithTrainedRun, InterruptSavesAndExitsWith130) {
  // The signal is sent once the first epoch is in the log.
  const std::string signaller =
      "(while ! grep -qs epoch stopped/train.log; do sleep 0.1; done; kill -INT $(cat pid)) & ";
  const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
  const ProgramResult result =
      run_digitrec("train --model mlp --epochs 1000000 --out stopped", folder_.path(), signaller + with_pid);
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_NE(result.out.find("interrupted in epoch"), std::string::npos) << result.out;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "stopped/last.safetensors"));
  EXPECT_EQ(nlohmann::json::parse(read_text(folder_ / "stopped/summary.json"))["stopped"], "interrupted");
}

TEST_F(WithTrainedRun, SavesAtEverySignalThatEndsAProgram) {
  for (const auto& [signal, exit_code] : {std::pair{"TERM", 143}, {"HUP", 129}}) {
    const std::string run = std::string("by-") + signal;
    const std::string signaller =
        "(while ! grep -qs 1/1000000 " + run + "/train.log; do sleep 0.05; done; kill -" + signal + " $(cat pid)) & ";
    const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
    const ProgramResult result =
        run_digitrec("train --model mlp --epochs 1000000 --out " + run, folder_.path(), signaller + with_pid);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_NE(result.out.find("resume it with digitrec train --resume " + run), std::string::npos) << result.out;
  }
}

TEST_F(WithTrainedRun, ResumesAfterBeingKilled) {
  const std::string flags = "train --model mlp --epochs 5 --rotate 5 --average ema --checkpoint-every 1 --out ";
  ASSERT_EQ(run_digitrec(flags + "whole", folder_.path()).exit_code, 0);
  const std::string killer = "(while ! grep -qs 2/5 killed/train.log; do sleep 0.01; done; kill -KILL $(cat pid)) & ";
  const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
  run_digitrec(flags + "killed", folder_.path(), killer + with_pid);
  const ProgramResult wrong = run_digitrec("train --resume killed --lr 1", folder_.path());
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(wrong.err, "digitrec: --lr: --resume takes the run's own settings; leave it out\n");
  const ProgramResult resumed = run_digitrec("train --resume killed", folder_.path());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  for (const std::string file : {"/best.safetensors", "/last.safetensors"}) {
    EXPECT_TRUE(read_text(folder_ / ("whole" + file)) == read_text(folder_ / ("killed" + file))) << file;
  }
  EXPECT_EQ(logged_epochs("killed", "/5 "), "12345");
  EXPECT_EQ(run_digitrec("train --resume killed", folder_.path()).exit_code, 0);  // again, with nothing left to do
}

TEST_F(WithTrainedRun, ResumesTheNetworkThatWasKilled) {
  const std::string killer =
      "(until [ $(grep -s '2/4 ' killed/train.log | wc -l) = 2 ]; do sleep 0.01; done; kill -KILL $(cat pid)) & ";
  const std::string with_pid = R"(sh -c 'echo $$ > pid; exec "$0" "$@"')";
  run_digitrec("train --model mlp --epochs 4 --folds 2 --out killed", folder_.path(), killer + with_pid);
  folder_.write("killed/member-01/best.safetensors", "torn");
  const ProgramResult resumed = run_digitrec("train --resume killed", folder_.path());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(logged_epochs("killed", "/4 "), "12341234");
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
  EXPECT_EQ(train_help.out.find("--rotate"), std::string::npos);
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

TEST(Commands, PredictPicturesToATable) {
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

TEST(Commands, PredictSaysInItsRowWhyAFileIsNoPicture) {
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

TEST(Commands, PredictReadsLineByLine) {
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

TEST(Commands, PredictKeepsATestFilesIds) {
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

}  // namespace
}  // namespace digitrec
