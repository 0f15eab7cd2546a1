// Words of the command line without a flag before them: what each is taken for.
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/version.h"
#include "support.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <sstream>

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

/// A run, a checkpoint and data; the folder of the data has the name of a subcommand.
class Words : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "run");
    std::filesystem::create_directories(folder_ / "data");
    for (const char* file : {"run/best.safetensors", "other.safetensors"})
      save_checkpoint(folder_ / file, *build_model("mlp-128", {3, 2}), {.preset = "mlp-128", .shape = {3, 2}});
    for (const char* file : {"data/train.csv", "data/test.csv", "good.csv"}) folder_.write(file, test::tiny_csv(30));
  }

  ProgramResult run(const std::string& arguments, const std::string& prefix = "") const {
    return run_digitrec(arguments, folder_.path(), prefix);
  }

  /// The error's line, of a command that fails.
  std::string error_of(const std::string& arguments) const {
    const ProgramResult result = run(arguments);
    EXPECT_NE(result.exit_code, 0) << arguments;
    return result.err.substr(std::min(result.err.size(), result.err.rfind("digitrec: ")));
  }

  /// The data and the checkpoints that eval took.
  nlohmann::json evaluated(const std::string& words) const {
    const ProgramResult result = run("eval --json " + words);
    EXPECT_EQ(result.exit_code, 0) << words << ": " << result.err;
    const auto json = nlohmann::json::parse(result.out, nullptr, false);
    return json.is_object() ? nlohmann::json{json["data"], json["checkpoints"]} : nlohmann::json();
  }

  test::TempFolder folder_;
};

TEST_F(Words, OfEvalAreRunsAndItsData) {
  using Json = nlohmann::json;
  EXPECT_EQ(evaluated("run"), Json::parse(R"(["data", ["run"]])"));
  EXPECT_EQ(evaluated("run data"), Json::parse(R"(["data", ["run"]])"));
  EXPECT_EQ(evaluated("run other.safetensors good.csv"), Json::parse(R"(["good.csv", ["run", "other.safetensors"]])"));
  EXPECT_EQ(evaluated("good.csv run"), Json::parse(R"(["good.csv", ["run"]])"));
  EXPECT_EQ(evaluated("run --data good.csv"), Json::parse(R"(["good.csv", ["run"]])"));
  EXPECT_EQ(evaluated("good.csv --checkpoint run"), Json::parse(R"(["good.csv", ["run"]])"));
}

TEST_F(Words, BehindTwoHyphensAreFiles) {
  folder_.write("-x.csv", test::tiny_csv(30));
  EXPECT_EQ(evaluated("run -- -x.csv"), nlohmann::json::parse(R"(["./-x.csv", ["run"]])"));
  EXPECT_EQ(run("data info -- -x.csv").exit_code, 0);
  EXPECT_EQ(error_of("eval run -x.csv"), "digitrec: unknown option '-x.csv'; see digitrec eval --help\n");
}

TEST_F(Words, ThatNoFileCanHaveAreNamedInALine) {
  const std::string name(300, 'a');
  const std::string line = error_of("data info " + name + "/" + name);
  EXPECT_EQ(line.find("filesystem error"), std::string::npos) << line;
  EXPECT_NE(line.find(": cannot be read: File name too long\n"), std::string::npos) << line;
}

TEST_F(Words, OfPredictAreRunsAndImages) {
  EXPECT_EQ(run("predict run --out a.csv").exit_code, 0);
  EXPECT_EQ(run("predict run other.safetensors good.csv --out b.csv").exit_code, 0);
  EXPECT_EQ(run("predict --checkpoint run other.safetensors --input good.csv --out c.csv").exit_code, 0);
  EXPECT_EQ(read_text(folder_ / "b.csv"), read_text(folder_ / "c.csv"));
  std::filesystem::copy(DIGITREC_FIXTURES "/pictures", folder_ / "pictures");
  const ProgramResult pictures = run("predict run pictures/one.jpg pictures/zero.png");
  EXPECT_TRUE(pictures.out.starts_with("File,Label,Probability,Error\npictures/one.jpg,")) << pictures.err;
  EXPECT_NE(pictures.out.find("\npictures/zero.png,"), std::string::npos) << pictures.out;
  EXPECT_EQ(
      error_of("predict run pictures/one.jpg --probabilities -"),
      "digitrec: --probabilities: stdout, where the table of pictures goes too; name a file, or one with --out\n");
  test::write_zip(folder_ / "some.zip", {{"one.jpg", read_text(folder_ / "pictures/one.jpg")}});
  EXPECT_TRUE(run("predict run some.zip").out.starts_with("File,Label,Probability,Error\nsome.zip/one.jpg,"));
}

TEST_F(Words, OfTrainAreItsData) {
  // "data" is a subcommand too.
  const ProgramResult result = run("train data --model mlp-128 --epochs 1 --out new");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("next    digitrec predict new\n"), std::string::npos) << result.err;
  EXPECT_EQ(error_of("train data --data good.csv"),
            "digitrec: two data sets, good.csv and data; name the one to train on\n");
}

/// The commands that a training's end proposes.
std::vector<std::string> proposed(const std::string& err) {
  std::vector<std::string> commands;
  std::istringstream lines(err.substr(std::min(err.size(), err.find("next    digitrec "))));
  for (std::string line; std::getline(lines, line);) commands.push_back(line.substr(8));
  return commands;
}

TEST_F(Words, AfterTrainingAreCommandsThatWork) {
  using Commands = std::vector<std::string>;
  std::filesystem::create_directories(folder_ / "both");
  std::filesystem::create_directories(folder_ / "alone");
  for (const char* file : {"both/train.csv", "both/test.csv", "alone/train.csv"})
    folder_.write(file, test::tiny_csv(60));
  const auto train = [&](const std::string& arguments) {
    std::filesystem::remove_all(folder_ / "new");
    return proposed(run("train --model mlp-128 --epochs 1 --out new " + arguments).err);
  };
  EXPECT_EQ(train("both"), (Commands{"digitrec predict new both", "digitrec report new"}));
  EXPECT_EQ(run("predict new both --out both.csv").exit_code, 0);
  const Commands held_out{"digitrec eval new --held-out", "digitrec report new"};
  EXPECT_EQ(train("alone"), held_out);
  EXPECT_EQ(train("good.csv"), held_out);
  EXPECT_EQ(run("eval new --held-out").exit_code, 0);
  EXPECT_EQ(train("alone --val-fraction 0"), Commands{"digitrec serve new"});
}

TEST_F(Words, AfterTrainingAreQuotedForTheShell) {
  using Commands = std::vector<std::string>;
  std::filesystem::create_directories(folder_ / "my data");
  for (const char* file : {"my data/train.csv", "my data/test.csv"}) folder_.write(file, test::tiny_csv(60));
  const std::string train = "train 'my data' --model mlp-128 --epochs 1 --out \"it's new\"";
  EXPECT_EQ(proposed(run(train).err),
            (Commands{R"(digitrec predict 'it'\''s new' 'my data')", R"(digitrec report 'it'\''s new')"}));
  EXPECT_EQ(run(R"(predict 'it'\''s new' 'my data' --out a.csv)").exit_code, 0);
  EXPECT_EQ(error_of(train),
            "digitrec: it's new: already exists and is not empty; choose another --out or resume it with --resume "
            R"('it'\''s new')"
            "\n");
}

TEST_F(Words, OfServeAreRuns) {
  const ProgramResult result = run("serve run other.safetensors --port 0", "timeout -s TERM 5");
  EXPECT_NE(result.out.find("http://127.0.0.1:"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("(other.safetensors)"), std::string::npos) << result.err;
}

TEST_F(Words, ThatMeanNothingAreNamed) {
  EXPECT_EQ(error_of("eval runs/typo"), "digitrec: runs/typo: no such run, file or folder; check the path\n");
  EXPECT_EQ(error_of("predict run typo good.csv"), "digitrec: typo: no such run, file or folder; check the path\n");
  EXPECT_EQ(error_of("train typo"), "digitrec: typo: no such file or folder; check the path\n");
  EXPECT_EQ(error_of("data info typo"), "digitrec: typo: no such file or folder; check the path\n");
  EXPECT_EQ(error_of("report typo"), "digitrec: typo: no such run; check the path\n");
  EXPECT_EQ(error_of("train --resume typo"), "digitrec: typo: no such run; check the path\n");
  EXPECT_EQ(error_of("eval none.safetensors"), "digitrec: none.safetensors: no such file; check the path\n");
  EXPECT_EQ(error_of("eval good.csv"),
            "digitrec: good.csv: neither the folder of a run nor a .safetensors file; name a run before it: digitrec "
            "eval RUN good.csv\n");
  EXPECT_EQ(error_of("eval run good.csv data"),
            "digitrec: two data sets, good.csv and data; name the one to evaluate on\n");
  for (const std::string command : {"eval", "predict", "serve"})
    EXPECT_EQ(error_of(command), "digitrec: name a run: digitrec " + command + " RUN\n");
}

TEST_F(Words, AHyphenIsStdin) {
  const std::string piped = R"(sh -c 'cat good.csv | "$0" "$@"')";
  const std::string of_file = run("eval run good.csv").out;
  for (const char* arguments : {"eval run -", "eval run --data -"}) EXPECT_EQ(run(arguments, piped).out, of_file);
  EXPECT_EQ(run("train - --model mlp-128 --epochs 1 --out new", piped).exit_code, 0);
  EXPECT_TRUE(run("data info -", piped).out.starts_with("/dev/stdin\n  rows        30\n"));
  EXPECT_EQ(run("data show - --count 1", piped).out, run("data show good.csv --count 1").out);
  folder_.write("c.toml", "epochs = 7\n");
  const std::string config = R"(sh -c 'cat c.toml | "$0" "$@"')";
  EXPECT_NE(run("train --config - --print-config", config).out.find("\nepochs = 7\n"), std::string::npos);
}

TEST(Help, IsASubcommandToo) {
  const test::TempFolder folder;
  for (const std::string command : {"", "train", "data", "data synth"}) {
    const ProgramResult help = run_digitrec("help " + command, folder.path());
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(help.out, run_digitrec(command + " --help", folder.path()).out);
  }
  EXPECT_EQ(run_digitrec("data", folder.path()).out, run_digitrec("data --help", folder.path()).out);
  EXPECT_EQ(run_digitrec("help trian", folder.path()).err,
            "digitrec: unknown subcommand 'trian'; did you mean 'train'?\n");
  for (const char* version : {"version", "-V"})
    EXPECT_EQ(run_digitrec(version, folder.path()).out, version_line() + "\n");
}

TEST(Help, OfEveryCommandFitsAScreen) {
  const test::TempFolder folder;
  for (const std::string command : {"eval", "predict", "serve", "report", "submit", "data"}) {
    const std::string help = run_digitrec(command + " --help", folder.path()).out;
    EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 24) << command;
  }
}

TEST(OtherWords, OfOtherProgramsAreAnsweredWithOurs) {
  const TempFolder folder;
  for (const auto& [words, answer] : std::map<std::string, std::string>{
           {"evaluate", "unknown subcommand 'evaluate'; did you mean 'eval'?"},
           {"convert a b", "unknown subcommand 'convert'; did you mean 'data convert'?"},
           {"infer run", "unknown subcommand 'infer'; did you mean 'predict'?"},
           {"serve run --host 0.0.0.0", "unknown option '--host'; did you mean '--address'?"},
           {"train --gpu", "unknown option '--gpu'; did you mean '--device'?"},
           {"train --model CNN-BN", "unknown model 'CNN-BN'; did you mean 'cnn-bn'?"}}) {
    const ProgramResult result = run_digitrec(words, folder.path());
    EXPECT_EQ(result.exit_code, 2) << words;
    EXPECT_NE(result.err.find(answer), std::string::npos) << words << "\n" << result.err;
  }
}

TEST(OtherWords, AfterTheCheckpointsFlagMayBeData) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 200 --test 20", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder.path()).exit_code, 0);
  const ProgramResult predicted = run_digitrec("predict --checkpoint run data/test.csv --out s.csv", folder.path());
  EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
  EXPECT_EQ(run_digitrec("eval --checkpoint run data/train.csv", folder.path()).exit_code, 0);
  const ProgramResult served = run_digitrec("serve data/train.csv", folder.path());
  EXPECT_EQ(served.exit_code, 1);
  EXPECT_NE(served.err.find("data/train.csv: not a checkpoint; expected the folder of a run or a .safetensors file"),
            std::string::npos)
      << served.err;
}

TEST(OtherWords, ADashIsATableOrAPictureOnStdin) {
  const TempFolder folder;
  ASSERT_EQ(run_digitrec("data synth --out data --train 200 --test 20", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out run", folder.path()).exit_code, 0);
  ASSERT_EQ(run_digitrec("predict run data/test.csv --out s.csv", folder.path()).exit_code, 0);
  const auto piped = [&](const std::string& file, const std::string& words) {
    const std::string command = "cd '" + folder.path().string() + "' && cat '" + file +
                                "' | '" DIGITREC_BINARY "' predict run " + words + " > out.txt 2> err.txt";
    EXPECT_GE(std::system(command.c_str()), 0);
    return read_text(folder / "out.txt");
  };
  EXPECT_EQ(piped("data/test.csv", "- --out -"), read_text(folder / "s.csv"));
  EXPECT_EQ(piped("data/test.csv", "/dev/stdin --out -"), read_text(folder / "s.csv"));
  for (const char* name : {"-", "/dev/stdin"}) {
    const std::string picture = piped(DIGITREC_FIXTURES "/pictures/one.jpg", name);
    EXPECT_TRUE(picture.starts_with("File,Label,Probability,Error\n-,")) << picture << read_text(folder / "err.txt");
  }
}

}  // namespace
}  // namespace digitrec
