// Where commands write: never over what they read, into stdout without losing what is there, and with descriptors,
// pipes and limits as a shell may hand them over.
#include "core/descriptor.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "support.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>

#include <utility>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;
using test::TempFolder;

/// A network and data of 2 x 2 pixels.
class Outputs : public testing::Test {
 protected:
  Outputs() {
    save_checkpoint(folder_ / "c", *build_model("mlp-128", {3, 2}), {.preset = "mlp-128", .shape = {3, 2}});
    folder_.write("in.csv", test::tiny_csv(6));
  }

  ProgramResult run(const std::string& arguments, const std::string& prefix = "") const {
    return run_digitrec(arguments, folder_.path(), prefix);
  }

  void expect_refused(const std::string& arguments, const std::string& message) const {
    const auto before = folder_.contents();
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments;
    EXPECT_TRUE(result.err.ends_with("digitrec: " + message + "; name another\n")) << result.err;
    EXPECT_EQ(folder_.contents(), before) << arguments;
  }

  TempFolder folder_;
};

TEST_F(Outputs, AreNotWhatIsRead) {
  fs::create_symlink("in.csv", folder_ / "soft.csv");
  fs::create_hard_link(folder_ / "in.csv", folder_ / "hard.csv");
  const std::string predict = "predict --checkpoint c --input in.csv ";
  expect_refused(predict + "--out in.csv", "--out: in.csv is the same file as the input in.csv");
  expect_refused(predict + "--out ./in.csv", "--out: ./in.csv is the same file as the input in.csv");
  expect_refused(predict + "--out soft.csv", "--out: soft.csv is the same file as the input in.csv");
  expect_refused(predict + "--out hard.csv", "--out: hard.csv is the same file as the input in.csv");
  expect_refused(predict + "--out c", "--out: c is the same file as the input c");
  expect_refused(predict + "--out s.csv --probabilities in.csv",
                 "--probabilities: in.csv is the same file as the input in.csv");
  expect_refused("data show in.csv --out in.csv", "--out: in.csv is the same file as the input in.csv");
  folder_.write("r.toml", "rotate = 5\n");
  fs::create_symlink("r.toml", folder_ / "r.png");
  expect_refused("data show in.csv --augmented r.toml --out r.png",
                 "--out: r.png is the same file as the input r.toml");
  folder_.write("results.png", "{}");
  expect_refused("bench --from results.png --chart results.png",
                 "--chart: results.png is the same file as the input results.png");
}

TEST_F(Outputs, AreNotFilesOfAFolderThatIsRead) {
  fs::create_directory(folder_ / "data");
  folder_.write("data/test.csv", test::tiny_csv(6));
  folder_.write("data/sample_submission.csv", "ImageId,Label\n1,0\n");
  expect_refused("predict --checkpoint c --input data --out data/test.csv",
                 "--out: data/test.csv is the same file as the input data/test.csv");
  expect_refused("predict --checkpoint c --input data/test.csv --out data/sample_submission.csv",
                 "--out: data/sample_submission.csv is the same file as the input data/sample_submission.csv");
  fs::create_directory(folder_ / "run");
  fs::rename(folder_ / "c", folder_ / "run/best.safetensors");
  folder_.write("run/state.safetensors", "state");
  for (const std::string name : {"run/best.safetensors", "run/state.safetensors"}) {
    expect_refused("predict --checkpoint run --input in.csv --out " + name,
                   fmt::format("--out: {} is the same file as the input {}", name, name));
  }
  expect_refused("predict --checkpoint run/best.safetensors --input in.csv --out run/state.safetensors",
                 "--out: run/state.safetensors is the same file as the input run/state.safetensors");
  const std::string again = "predict --checkpoint run --input in.csv --out run/submission.csv";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run(again).exit_code, 0);
}

TEST_F(Outputs, AreNoneOfTheFilesThatTheDataWereReadFrom) {
  const auto copy = [&](const std::string& from, const std::string& to) {
    fs::create_directories((folder_ / to).parent_path());
    fs::copy(folder_ / from, folder_ / to);
  };
  for (const std::string raw : {"MNIST/raw/t10k-images-idx3-ubyte", "emnist-letters-train-images-idx3-ubyte"}) {
    fs::create_directories((folder_ / raw).parent_path());
    ASSERT_EQ(run("data convert in.csv " + raw).exit_code, 0);
  }
  folder_.write("emnist-letters-mapping.txt", "0 65\n1 66\n2 67\n");
  ASSERT_EQ(run("data convert in.csv pictures").exit_code, 0);
  ASSERT_EQ(run("data convert in.csv images.npy").exit_code, 0);
  copy("in.csv", "apart/my_test.csv");
  copy("in.csv", "packed/strange.zip");
  folder_.write("names.txt", "a\nb\nc\n");

  const auto expect_kept = [&](const std::string& command, const std::string& flag, const std::string& file) {
    expect_refused(command + " " + file, fmt::format("{}: {} is the same file as the input {}", flag, file, file));
  };
  const std::string predict = "predict --checkpoint c --input ";
  expect_kept(predict + "MNIST --out", "--out", "MNIST/raw/t10k-images-idx3-ubyte");
  expect_kept(predict + "MNIST --out", "--out", "MNIST/raw/t10k-labels-idx1-ubyte");
  expect_kept(predict + "MNIST/raw/t10k-images-idx3-ubyte --out", "--out", "MNIST/raw/t10k-labels-idx1-ubyte");
  expect_kept(predict + "apart --out", "--out", "apart/my_test.csv");
  expect_kept(predict + "packed --out", "--out", "packed/strange.zip");
  expect_kept("data show pictures --out", "--out", "pictures/1/2.png");
  expect_kept("data show emnist-letters-train-images-idx3-ubyte --out", "--out", "emnist-letters-mapping.txt");
  expect_kept("data show in.csv --class-names names.txt --out", "--out", "names.txt");
  expect_kept("data convert images.npy", "OUT", "labels.npy");
  expect_kept("data convert pictures", "OUT", "pictures");
  // The labels that belong to OUT are written too.
  expect_refused("data convert images.npy IMAGES.npy", "OUT: labels.npy is the same file as the input labels.npy");
}

TEST_F(Outputs, AreNoFolderWithFilesInIt) {
  folder_.write("in.csv", "label,a\n1,9\n");
  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(run("data convert in.csv empty").exit_code, 0);
  const auto before = folder_.entries();
  const ProgramResult again = run("data convert in.csv empty");
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_TRUE(
      again.err.ends_with("digitrec: empty: a folder with files in it, which would be among the pictures; "
                          "name a new folder, or empty it first\n"))
      << again.err;
  EXPECT_EQ(folder_.entries(), before);
}

TEST_F(Outputs, AreNotEachOther) {
  const std::string predict = "predict --checkpoint c --input in.csv ";
  fs::create_symlink("not_yet.csv", folder_ / "link.csv");
  expect_refused(predict + "--out s.csv --probabilities ./s.csv", "--probabilities: ./s.csv is the same file as --out");
  expect_refused(predict + "--out link.csv --probabilities not_yet.csv",
                 "--probabilities: not_yet.csv is the same file as --out");
  EXPECT_EQ(run(predict + "--out /dev/null --probabilities /dev/null").exit_code, 0);
}

TEST_F(Outputs, IntoARedirectedStdoutKeepWhatIsBeforeAndAfter) {
  for (const std::string out : {"/dev/stdout", "-", "/proc/self/fd/1", "log"}) {
    for (const std::string redirect : {">", ">>"}) {
      fs::remove(folder_ / "log");
      const std::string command =
          "predict --checkpoint c --input in.csv --out " + out + "; echo after; } " + redirect + " log #";
      const ProgramResult result = run(command, "{ echo before;");
      EXPECT_EQ(result.exit_code, 0) << result.err;
      const std::string log = read_text(folder_ / "log");
      EXPECT_TRUE(log.starts_with("before\nImageId,Label\n1,")) << out << ": " << log;
      EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 9) << out << ": " << log;
      EXPECT_TRUE(log.ends_with("\nafter\n")) << out << ": " << log;
    }
  }
}

TEST_F(Outputs, IntoAPipeAreTheTableAlone) {
  run("predict --checkpoint c --input in.csv --out - 2>log | cat >piped #");
  const std::string piped = read_text(folder_ / "piped");
  EXPECT_TRUE(piped.starts_with("ImageId,Label\n1,")) << piped;
  EXPECT_EQ(std::count(piped.begin(), piped.end(), '\n'), 7) << piped;
}

TEST_F(Outputs, HoldNoLogLineWhereDescriptorsAreClosed) {
  ASSERT_EQ(run("predict --checkpoint c --input in.csv --out expected.csv").exit_code, 0);
  // A line on stdout that is lost is an error.
  for (const auto& [closed, exit_code] :
       {std::pair<std::string, int>{">out 2>&-", 0}, {"<&- >out 2>&-", 0}, {"<&- >&- 2>&-", 1}}) {
    fs::remove(folder_ / "s.csv");
    const ProgramResult result = run("predict --checkpoint c --input in.csv --out s.csv " + closed + " #");
    EXPECT_EQ(result.exit_code, exit_code) << closed;
    EXPECT_EQ(read_text(folder_ / "s.csv"), read_text(folder_ / "expected.csv")) << closed;
  }
}

TEST_F(Outputs, KeepTheDataWhereSynthIsInterruptedByThem) {
  fs::create_directory(folder_ / "d");
  folder_.write("d/test.csv", "of the user");
  EXPECT_EQ(run("data synth --out d --train 20 --test 20").exit_code, 1);
  EXPECT_EQ(read_text(folder_ / "d/test.csv"), "of the user");
}

TEST_F(Outputs, OfPredictLeaveNothingWhenASignalEndsIt) {
  if (const Descriptor unnamed(folder_.path(), O_WRONLY | O_TMPFILE); !unnamed.is_open())
    GTEST_SKIP() << "this file system has no files without a name";
  const std::vector<std::string> before = folder_.entries();
  // It waits for a table that nobody writes, its own file open.
  for (const std::string signal : {"INT", "TERM", "KILL"}) {
    const ProgramResult result = run("predict --checkpoint c --input pipe.csv --out s.csv; rm pipe.csv #",
                                     "mkfifo pipe.csv; timeout -s " + signal + " 3");
    EXPECT_EQ(folder_.entries(), before) << signal;
  }
}

TEST_F(Outputs, OfASmallTableInAPipeAreThoseOfTheFile) {
  folder_.write("in.csv.gz", test::gzip(read_text(folder_ / "in.csv")));
  ASSERT_EQ(run("predict --checkpoint c --input in.csv --out expected.csv").exit_code, 0);
  for (const std::string table : {"in.csv", "in.csv.gz"}) {
    const ProgramResult result = run("predict --checkpoint c --input pipe.csv --out s.csv; rm pipe.csv #",
                                     "mkfifo pipe.csv; (cat " + table + " > pipe.csv &); timeout 60");
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(read_text(folder_ / "s.csv"), read_text(folder_ / "expected.csv"));
    fs::remove(folder_ / "s.csv");
  }
  const ProgramResult trained = run("train --model mlp-128 --epochs 1 --data pipe.csv --val-fraction 0 --out run",
                                    "mkfifo pipe.csv; (cat in.csv > pipe.csv &); timeout 60");
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
}

TEST_F(Outputs, OfSeveralRunsBegunAtOnceLieInFoldersOfTheirOwn) {
  const std::string train = "train --model mlp-128 --epochs 1 --data in.csv --val-fraction 0 --seed ";
  const std::string another = " >log 2>&1 & " DIGITREC_BINARY " " + train;
  const ProgramResult result = run(train + "1" + another + "2" + another + "3 >log 2>&1 & wait");
  std::vector<fs::path> runs;
  for (const auto& entry : fs::directory_iterator(folder_ / "runs")) runs.push_back(entry.path());
  EXPECT_EQ(runs.size(), 3) << result.err;
  for (const fs::path& folder : runs) EXPECT_TRUE(fs::exists(folder / "best.safetensors")) << folder;
}

TEST_F(Outputs, OfConvertMayBeStdoutAndItsInputStdin) {
  const std::string csv = read_text(folder_ / "in.csv");
  const std::string piped = R"(sh -c 'cat in.csv | "$0" "$@"')";
  const ProgramResult result = run("data convert - -", piped);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, csv);
  EXPECT_EQ(run("data convert in.csv /dev/stdout").out, csv);
  ASSERT_EQ(run("data convert - table.npy", piped).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "table-labels.npy"));
}

#if !defined(__SANITIZE_ADDRESS__)  // which opens files of its own
TEST_F(Outputs, AreNamedWithTheReasonWhereNoMoreFilesCanBeOpened) {
  // 3 is the one descriptor left, even where this test was started with it open.
  const ProgramResult result = run("train --model mlp-128 --epochs 1 --data in.csv --out run",
                                   "sh -c 'exec 3>&-; ulimit -n 4; exec \"$0\" \"$@\"'");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("Too many open files"), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("already exists"), std::string::npos) << result.err;
}
#endif

}  // namespace
}  // namespace digitrec
