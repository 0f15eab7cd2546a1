// `export`: networks for other programs.
#include "cli/trained_run.h"
#include "exchange/onnx_model.h"

namespace digitrec {
namespace {

using test::ProgramResult;
using test::read_text;
using test::run_digitrec;

class Export : public test::WithTrainedRun {
 protected:
  void expect_refused(const std::string& arguments, int exit_code, const std::string& message) {
    const std::vector<std::string> before = folder_.entries();
    const ProgramResult result = run_digitrec("export " + arguments, folder_.path());
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_EQ(result.err, "digitrec: " + message + "\n");
    EXPECT_EQ(folder_.entries(), before);
  }
};

TEST_F(Export, WritesOnnxAndSaysHowFarItDiffers) {
  const ProgramResult result = run_digitrec("export run --out digits.onnx", folder_.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("digits.onnx: ONNX; on 100 images its probabilities differ by at most "))
      << result.out;
  EXPECT_EQ(onnx::decode(read_text(folder_ / "digits.onnx")).metadata.at("preset"), "mlp-128");
  const ProgramResult flags =
      run_digitrec("export --checkpoint run/best.safetensors --format onnx --out - > again.onnx #", folder_.path());
  EXPECT_EQ(flags.exit_code, 0) << flags.err;
  EXPECT_EQ(read_text(folder_ / "again.onnx"), read_text(folder_ / "digits.onnx"));
}

TEST_F(Export, JoinsSeveralRuns) {
  const ProgramResult result = run_digitrec("export run run/last.safetensors --out two.onnx", folder_.path());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(onnx::decode(read_text(folder_ / "two.onnx")).metadata.at("preset"), "mlp-128, mlp-128");
}

TEST_F(Export, SaysWhatPredictDoesBesides) {
  const ProgramResult trained =
      run_digitrec("train --model mlp-128 --epochs 1 --reframe --transpose --out varied", folder_.path());
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const ProgramResult result = run_digitrec("export varied --out a.onnx", folder_.path());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("predict looks at nine views, the exported network at one\n"), std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find("trained with rows and columns swapped"), std::string::npos) << result.err;
}

TEST_F(Export, RefusesWhatItCannotRead) {
  expect_refused("--out a.onnx", 2, "name a run: digitrec export RUN");
  expect_refused("run data/train.csv --out a.onnx", 2, "data/train.csv: export reads runs and checkpoints alone");
  expect_refused("run", 2, "--out is required; see digitrec export --help");
  expect_refused("run --format onyx --out a.onnx", 2, "unknown --format 'onyx'; did you mean 'onnx'?");
  expect_refused("run --tta --out a.onnx", 2,
                 "--tta: the views of test-time augmentation cannot be exported; leave it out");
  expect_refused("run --out run/best.safetensors", 2,
                 "--out: run/best.safetensors is the same file as the input run/best.safetensors; name another");
}

}  // namespace
}  // namespace digitrec
