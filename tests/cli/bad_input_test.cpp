// Every kind of bad input, through the program itself: its exit code, its one line, and that nothing is left behind.
// What the parsers say of each kind of broken file is in the tests of data/ and checkpoint/.
#include "checkpoint/contents.h"
#include "checkpoint/safetensors.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "support.h"

namespace digitrec {
namespace {

using test::ProgramResult;
using test::run_digitrec;
using test::TempFolder;

struct Case {
  const char* name;
  std::string arguments;
  int exit_code;
  std::string message;  ///< after "digitrec: ", in full

  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

/// A folder with a little of everything, in which each case runs.
class BadInput : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const std::string header = "label,pixel0,pixel1,pixel2,pixel3\n";
    folder_.write("good.csv", test::tiny_csv(30));
    folder_.write("empty.csv", "");
    folder_.write("unlabelled.csv", "pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n");
    folder_.write("short_row.csv", header + "0,1,2,3,4\n0,1,2\n");
    folder_.write("long_row.csv", header + "0,1,2,3,4,5\n");
    folder_.write("word.csv", header + "0,1,x,3,4\n");
    folder_.write("negative.csv", header + "0,1,-2,3,4\n");
    folder_.write("large.csv", header + "0,1,256,3,4\n");
    folder_.write("negative_label.csv", header + "-2,1,2,3,4\n");
    folder_.write("label_beyond.csv", header + "1000,1,2,3,4\n");
    folder_.write("five_classes.csv", header + "4,1,2,3,4\n");
    folder_.write("quotes.csv", header + "\"0,1,2,3,4\n");
    folder_.write("wide.csv", "label" + std::string(9'999'999, ',') + "\n");
    folder_.write("binary.csv", std::string("\x7F"
                                            "ELF\0\0",
                                            6));
    folder_.write("single.csv", test::tiny_csv(9) + "3,1,2,3,4\n");
    folder_.write("magic-images-idx3-ubyte", test::idx_images(1, 2, 2, "abcd", 0x999));
    folder_.write("alone-images-idx3-ubyte", test::idx_images(1, 2, 2, "abcd"));
    folder_.write("cut-images-idx3-ubyte", test::idx_images(9, 2, 2, "abcd"));
    folder_.write("cut-labels-idx1-ubyte", test::idx_labels(9, "123456789"));
    folder_.write("huge-images-idx3-ubyte", test::idx_images(0xFFFFFFFE, 2, 2, "abcd"));
    folder_.write("oblong-images-idx3-ubyte", test::idx_images(1, 2, 3, "abcdef"));
    for (const char* name : {"huge", "oblong", "magic"})
      folder_.write(std::string(name) + "-labels-idx1-ubyte", test::idx_labels(1, "1"));
    save_checkpoint(folder_ / "good.safetensors", *build_model("mlp-128", {3, 2}),
                    {.preset = "mlp-128", .shape = {3, 2}});
    const std::string whole = test::read_text(folder_ / "good.safetensors");
    folder_.write("cut.safetensors", whole.substr(0, whole.size() - 10));
    SafeTensors other = read_safetensors(folder_ / "good.safetensors");
    other.metadata["preset"] = "mlp";
    write_safetensors(folder_ / "other.safetensors", other);
    std::filesystem::create_directories(folder_ / "used");
    folder_.write("used/file", "");
    folder_.write("bad.toml", "epochs = 3\nbatchsize = 2\n");
    folder_.write("three_pixels.csv", "pixel0,pixel1,pixel2\n1,2,3\n");
    folder_.write("nine_pixels.csv", "label,a,b,c,d,e,f,g,h,i\n0,1,2,3,4,5,6,7,8,9\n");
    folder_.write("short_submission.csv", "ImageId,Label\n1,0\n2,0\n3,0\n");
    before_ = folder_.entries();
  }
  TempFolder folder_;
  std::vector<std::string> before_;
};

TEST_P(BadInput, GetsOneLineAndLeavesNothingBehind) {
  const Case& c = GetParam();
  const ProgramResult result = run_digitrec(c.arguments, folder_.path());
  EXPECT_EQ(result.exit_code, c.exit_code);
  // Log lines of what went well may stand before it; the error is the last line and says "digitrec: ".
  const size_t line = result.err.rfind("digitrec: ");
  ASSERT_NE(line, std::string::npos) << result.err;
  EXPECT_EQ(result.err.substr(line), "digitrec: " + c.message + "\n");
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(folder_.entries(), before_);
}

std::string train(const std::string& rest) { return "train --model mlp-128 --epochs 1 " + rest; }

INSTANTIATE_TEST_SUITE_P(
    Data, BadInput,
    testing::Values(
        Case{"ConvertToAPipe", "data convert good.csv /dev/fd/9", 2,
             "/dev/fd/9: the name of OUT says the format; name a file, such as digits.csv, or - for CSV on stdout"},
        Case{"MissingFile", train("--data none.csv"), 1, "none.csv: no such file; check the path"},
        Case{"EmptyFile", train("--data empty.csv"), 1,
             "empty.csv: the file is empty; expected a header like label,pixel0,pixel1,..."},
        Case{"NoLabelColumn", train("--data unlabelled.csv"), 1,
             "unlabelled.csv:1: no column is named label; expected a header like label,pixel0,pixel1,... (is this the "
             "test file?)"},
        Case{"ShortRow", train("--data short_row.csv"), 1,
             "short_row.csv:3: 3 fields; expected 5 as in the header (is the file cut off?)"},
        Case{"LongRow", train("--data long_row.csv"), 1,
             "long_row.csv:2: 6 fields; expected 5 as in the header (is the file cut off?)"},
        Case{"NotANumber", train("--data word.csv"), 1,
             "word.csv:2: column pixel1: 'x' is not a number; expected a whole number 0 to 255"},
        Case{"BelowZero", train("--data negative.csv"), 1,
             "negative.csv:2: column pixel1: -2 is below 0; expected a whole number 0 to 255"},
        Case{"Above255", train("--data large.csv"), 1,
             "large.csv:2: column pixel1: 256 is above 255; expected a whole number 0 to 255"},
        Case{"NegativeLabel", train("--data negative_label.csv"), 1,
             "negative_label.csv:2: column label: -2 is below 0; expected a whole number 0 to 999"},
        Case{"LabelBeyondAll", train("--data label_beyond.csv"), 1,
             "label_beyond.csv:2: column label: 1000 is above 999; expected a whole number 0 to 999"},
        Case{"LabelBeyondTheModel", "eval --checkpoint good.safetensors --data five_classes.csv", 1,
             "five_classes.csv: label 4 is beyond the model's 3 classes (0 to 2); use data of the same classes"},
        Case{"Quotes", train("--data quotes.csv"), 1,
             "quotes.csv:2: column label: '\"0' is not a number; expected a whole number 0 to 999"},
        Case{"TenMillionColumns", train("--data wide.csv"), 1,
             "wide.csv:1: the line is longer than a label and 256 x 256 pixels can be"},
        Case{"NotText", train("--data binary.csv"), 1,
             "binary.csv: a program; expected comma-separated values with a header"},
        Case{"ClassWithOneExample", train("--data single.csv"), 1,
             "single.csv: class 3 has one example; expected at least 2, one to train on and one to validate; add some, "
             "or "
             "train on everything with --val-fraction 0"},
        Case{"WrongMagic", train("--data magic-images-idx3-ubyte"), 1,
             "magic-images-idx3-ubyte: IDX magic is 0x00000999; expected 0x00000803 (a file of images)"},
        Case{"NoIdxLabels", train("--data alone-images-idx3-ubyte"), 1,
             "alone-images-idx3-ubyte: no label file beside it; expected one named like train-labels-idx1-ubyte"},
        Case{"CutIdx", train("--data cut-images-idx3-ubyte"), 1,
             "cut-images-idx3-ubyte: the header promises 36 bytes of data, the file holds 4; fetch it again"},
        Case{"HugeCount", train("--data huge-images-idx3-ubyte"), 1,
             "huge-images-idx3-ubyte: the header promises 17179869176 bytes of data, the file holds 4; fetch it again"},
        Case{"NotSquare", train("--data oblong-images-idx3-ubyte"), 1,
             "oblong-images-idx3-ubyte: images of 2 x 3 pixels; expected square ones"},
        Case{"ImagesTooSmallForThePreset", "train --model cnn --data good.csv", 1,
             "model cnn takes images of 10 to 256 pixels a side; the data has 2"},
        Case{"ColumnsMakeNoSquare", "predict --checkpoint good.safetensors --input three_pixels.csv", 1,
             "three_pixels.csv:1: 3 pixel columns do not make a square image; expected a square number, such as 784 "
             "for 28 x 28"},
        Case{"ColumnsDisagreeWithCheckpoint", "predict --checkpoint good.safetensors --input nine_pixels.csv", 1,
             "nine_pixels.csv: images of 3 x 3, the checkpoint takes 2 x 2; use data of the size it was trained on"}),
    [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Checkpoints, BadInput,
    testing::Values(Case{"Truncated", "eval --checkpoint cut.safetensors --data good.csv", 1,
                         "cut.safetensors: not a whole checkpoint: tensor 'fc2.weight' reaches beyond the end of the "
                         "file (cut off?); "
                         "expected a safetensors file that digitrec or PyTorch wrote"},
                    Case{"NoCheckpoint", "eval --checkpoint good.csv --data good.csv", 1,
                         "good.csv: not a checkpoint; expected the folder of a run or a .safetensors file"},
                    Case{"OfAnotherPreset", "eval --checkpoint other.safetensors --data good.csv", 1,
                         "other.safetensors: it says preset mlp but its tensor 'fc1.bias' has another shape or type; "
                         "expected a checkpoint that digitrec train wrote; train it again if an earlier version wrote "
                         "it"},
                    Case{"Missing", "eval --checkpoint none.safetensors --data good.csv", 1,
                         "none.safetensors: no such file; check the path"},
                    Case{"AnEmptyFolder", "predict --checkpoint used --input good.csv", 1,
                         "used: no best.safetensors in this folder; name a checkpoint or a run folder"}),
    [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    CommandLine, BadInput,
    testing::Values(
        Case{"UnknownModel", "train --data good.csv --model cnn-bm", 2,
             "--model: unknown model 'cnn-bm'; did you mean 'cnn-bn'?"},
        Case{"UnknownOptimizer", train("--data good.csv --optimizer adma"), 2,
             "--optimizer: unknown optimizer 'adma'; did you mean 'adam'?"},
        Case{"UnknownSchedule", train("--data good.csv --schedule onecycle"), 2,
             "--schedule: unknown schedule 'onecycle'; did you mean 'one-cycle'?"},
        Case{"UnknownDevice", train("--data good.csv --device cpuu"), 2, "unknown device 'cpuu'; did you mean 'cpu'?"},
        Case{"UnknownKey", train("--config bad.toml"), 2,
             "bad.toml:2: unknown key 'batchsize'; did you mean 'batch_size'?"},
        Case{"UnknownSubcommand", "trian --data good.csv", 2, "unknown subcommand 'trian'; did you mean 'train'?"},
        Case{"UnknownInnerSubcommand", "data sinth", 2, "unknown subcommand 'sinth'; did you mean 'synth'?"},
        Case{"UnknownFlag", train("--data good.csv --epohcs 3"), 2,
             "unknown option '--epohcs'; did you mean '--epochs'?"},
        Case{"StrayWord", train("--data good.csv extra"), 2,
             "two data sets, good.csv and extra; name the one to train on"},
        Case{"ZeroEpochs", "train --data good.csv --epochs 0", 2, "--epochs: 0 is out of range; expected 1 to 1000000"},
        Case{"NegativeEpochs", "train --data good.csv --epochs -3", 2,
             "--epochs: -3 is out of range; expected 1 to 1000000"},
        Case{"ZeroBatch", train("--batch-size 0"), 2, "--batch-size: 0 is out of range; expected 1 to 1000000"},
        Case{"NegativeBatch", train("--batch-size -64"), 2, "--batch-size: -64 is out of range; expected 1 to 1000000"},
        Case{"ZeroRate", train("--lr 0"), 2, "--lr: 0 is out of range; expected above 0 and at most 1000"},
        Case{"NegativeRate", train("--lr -0.1"), 2, "--lr: -0.1 is out of range; expected above 0 and at most 1000"},
        Case{"RateIsNotANumber", train("--lr fast"), 2,
             "--lr: 'fast' is not a number; expected above 0 and at most 1000"},
        Case{"MissingConfig", train("--config none.toml"), 2, "none.toml: no such file; check the path"},
        Case{"MissingCheckpoint", "eval --data good.csv", 2, "name a run: digitrec eval RUN"},
        Case{"AnotherWordForOutput", "predict --output s.csv", 2, "unknown option '--output'; did you mean '--out'?"},
        Case{"AnotherWordForRate", train("--learning-rate 1"), 2,
             "unknown option '--learning-rate'; did you mean '--lr'?"},
        Case{"ShortenedFlag", train("--batch 8"), 2, "unknown option '--batch'; did you mean '--batch-size'?"},
        Case{"InputInOneLetter", "predict good.safetensors -f x", 2, "unknown option '-f'; did you mean '--input'?"},
        Case{"Gpu", train("--data good.csv --device gpu"), 2, "unknown device 'gpu'; did you mean 'cuda'?"},
        Case{"PortOutOfRange", "serve --checkpoint c --port 70000", 2,
             "--port: 70000 is out of range; expected 0 to 65535; see digitrec serve --help"},
        Case{"MissingValue", "train --epochs", 2, "--epochs: its value is missing; see digitrec train --help"},
        Case{"MissingOneOfSeveral", "predict --checkpoint a --checkpoint", 2,
             "--checkpoint: its value is missing; see digitrec predict --help"},
        Case{"GivenTwice", "train --model cnn --model mlp", 2,
             "--model: given more than once; see digitrec train --help"},
        Case{"FlagWithAValue", "predict --checkpoint r --tta=maybe", 2,
             "not understood: --tta = maybe; see digitrec predict --help"},
        Case{"WordForNumber", "data synth --train x", 2,
             "--train: 'x' is not a whole number; expected 1 to 10000000; see digitrec data synth --help"},
        Case{"NothingToSubmit", "submit -m x", 2,
             "what to submit is missing; expected a run or a file, such as submission.csv"},
        Case{"MissingMessage", "submit short_submission.csv", 2,
             "--message is missing; expected a line for Kaggle to show, such as -m 'cnn-bn, seed 42'"}),
    [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Output, BadInput,
    testing::Values(Case{"RunFolderExists", train("--data good.csv --out used"), 1,
                         "used: already exists and is not empty; choose another --out or remove it"},
                    Case{"RunFolderIsAFile", train("--data good.csv --out good.csv"), 1,
                         "good.csv: is a file; expected a folder to make for the run; choose another --out"},
                    Case{"RunFolderCannotBeMade", train("--data good.csv --out /proc/none/run"), 1,
                         "/proc/none/run: cannot be made: No such file or directory; choose another --out"},
                    Case{"SubmissionFolderMissing",
                         "predict --checkpoint good.safetensors --input good.csv --out none/s.csv", 1,
                         "none/s.csv: cannot be created: No such file or directory; make its folder first"},
                    Case{"SubmissionIsAFolder", "predict --checkpoint good.safetensors --input good.csv --out used", 1,
                         "used: is a folder; expected the name of a file to write"},
                    Case{"ShortSubmission", "submit short_submission.csv --dry-run", 1,
                         "short_submission.csv: 3 rows; expected 28000, one for each test image (ImageId 4 is "
                         "missing); make it again with digitrec predict"}),
    [](const auto& instance) { return instance.param.name; });

/// Terminal columns of ASCII text, without the line's end.
size_t last_line_columns(const std::string& err) {
  const std::string lines = err.substr(0, err.size() - 1);
  return lines.size() - (lines.find_last_of('\n') + 1);  // npos + 1 is 0
}

TEST(BadInputHeader, IsQuotedInALineOfTwoHundredColumnsAndNothingATerminalObeys) {
  const TempFolder folder;
  std::string wide = "label";
  for (int i = 0; i < 5000; ++i) wide += ";pixel" + std::to_string(i);
  const std::string escapes = "label,\033[31mRED\033]0;title\a\033[2J" + std::string(3000, 'x');
  for (const std::string& header : {wide, escapes}) {
    folder.write("odd.csv", header + "\n3,x\n");
    const ProgramResult result = run_digitrec("train --model mlp --data odd.csv --out run", folder.path());
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_LE(last_line_columns(result.err), 200U) << result.err;
    EXPECT_NE(result.err.find("digitrec: odd.csv:"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find_first_of("\033\a"), std::string::npos) << result.err;
  }
  const ProgramResult word = run_digitrec("eval " + std::string(4000, 'x'), folder.path());
  EXPECT_LE(last_line_columns(word.err), 200U);
  EXPECT_TRUE(word.err.ends_with("xxx: no such run, file or folder; check the path\n")) << word.err;
}

TEST(BadInputData, ThatIsNotThereYetIsToBeFetchedOrDrawn) {
  const TempFolder folder;
  const ProgramResult without = run_digitrec("train", folder.path());
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_TRUE(without.err.ends_with(
      "digitrec: data: no train.csv, train-images-idx3-ubyte, mnist.npz, x_train.npy or folders of pictures; get some "
      "with scripts/setup/get_data.sh or digitrec data synth --out data\n"))
      << without.err;
  std::filesystem::create_directories(folder / "data");
  EXPECT_EQ(run_digitrec("train", folder.path()).err, without.err);
}

TEST(BadInputDevice, ThatIsMissingIsNamedWithThoseThatAreThere) {
  const TempFolder folder;
  folder.write("good.csv", test::tiny_csv(30));
  const ProgramResult devices = run_digitrec("devices --json", folder.path());
  if (devices.out.find("cuda") != std::string::npos) GTEST_SKIP() << "this machine has a CUDA device";
  const ProgramResult result = run_digitrec("train --model mlp --data good.csv --device cuda --out run", folder.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.err.ends_with("digitrec: device 'cuda' is not on this machine; available: cpu\n")) << result.err;
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"good.csv"});
}

}  // namespace
}  // namespace digitrec
